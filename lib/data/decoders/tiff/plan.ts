import type { SharpOptions } from 'sharp';
import type { RgbImage } from '../../../backend/types';
import { readDirectory } from './ifd';
import { readLayout, type Layout } from './layout';
import { hasPlanes, planeOf, readPlanes, unsupportedCompression } from './planes';
import { orient, unpackTiff } from './unpack';
import type { Plan } from '../plan';
import { Refusal } from '../refusal';

const CCITT = new Set([2, 3, 4]);
const THUNDERSCAN = 32809;
const JPEG = 7;

/** sharp's decoders of whole files. */
interface WholeFile {
  plain(bytes: Buffer, options: SharpOptions): Promise<RgbImage>;
  cmyk(bytes: Buffer, options: SharpOptions): Promise<RgbImage>;
}

/** Decides how a TIFF is decoded. */
export function planTiff(bytes: Buffer, sharp: WholeFile): Plan {
  const layout = readLayout(bytes);
  const { width, height, orientation, kind } = layout;
  const size = orientation >= 5 && orientation <= 8 ? { width: height, height: width } : { width, height };
  if (wholeFile(layout)) {
    const decode = async (): Promise<RgbImage> =>
      orient(
        await sharp[kind === 'cmyk' ? 'cmyk' : 'plain'](inOnePlane(bytes, layout), { failOn: 'error' }),
        orientation,
      );
    return { ...size, bytesPerPixel: 10, inScript: kind === 'cmyk', decode };
  }
  if (!hasPlanes(layout)) throw new Refusal(unsupportedCompression(layout.compression));
  refuseOdd(layout);
  const plane = planeOf(layout);
  const decode = async (): Promise<RgbImage> => unpackTiff({ layout, planes: await readPlanes(bytes, layout) });
  const bytesPerPixel = 3 + (layout.samples * plane.bits) / 8;
  return { ...size, bytesPerPixel, inScript: true, decode };
}

/** The file without planes: of one sample they are the same, but of those of bits libvips makes nothing but black. */
function inOnePlane(bytes: Buffer, { planar, littleEndian }: Layout): Buffer {
  if (!planar) return bytes;
  const copy = Buffer.from(bytes);
  // PlanarConfiguration: its number has its last byte first, or last.
  const value = readDirectory(copy).bytes(284)?.fill(0);
  value?.set([1], littleEndian ? 0 : value.length - 1);
  return copy;
}

/** What sharp is handed as it is: formats whose decoders make pictures and not samples. */
function wholeFile({ compression, kind, bits, planar, samples }: Layout): boolean {
  if (CCITT.has(compression)) return kind === 'gray' && bits === 1 && samples === 1;
  if (compression === THUNDERSCAN) return kind === 'gray' && bits === 4;
  if (compression !== JPEG || bits !== 8 || planar) return false;
  return ['gray', 'rgb', 'ycbcr', 'cmyk'].includes(kind) && samples === (kind === 'gray' ? 1 : kind === 'cmyk' ? 4 : 3);
}

/** What Pillow refuses once it reads the pixels, or makes nonsense of, such as gray whose bytes it swaps. */
function refuseOdd(layout: Layout): void {
  const { kind, planar, samples, bits, compression, inverted, littleEndian, sampleFormat } = layout;
  if (kind === 'ycbcr') throw new Refusal('TIFF: YCbCr is supported in JPEG only');
  if (kind === 'lab') throw new Refusal('TIFF: Lab is not supported');
  const raw = compression === 1;
  if (kind === 'clipped' && !raw && !littleEndian && sampleFormat !== 1) {
    throw new Refusal('TIFF: compressed signed or floating point samples in big-endian order are not supported');
  }
  if (!planar) return;
  // Pillow reads these itself, and makes something of them that they are not.
  const { tiled, fillOrder } = layout;
  if (raw && (fillOrder === 2 || (samples > 1 && tiled && (bits === 16 || (kind === 'rgb' && samples === 4))))) {
    throw new Refusal(`TIFF: such planes of ${kind} without compression are not supported`);
  }
  if (samples === 1 && (!raw || (bits === 8 && !inverted))) return;
  const coloured = kind === 'rgb' || kind === 'cmyk' || (kind === 'premultiplied' && !raw);
  if (samples > 1 && samples <= 4 && coloured) return;
  throw new Refusal(`TIFF: ${samples} planes of ${kind} are not supported`);
}
