import { readDirectory, type Directory } from './ifd';
import { Refusal } from '../refusal';
import { orientationOfXmp } from '../xmp';

/** How samples become a picture; Pillow's modes, as far as they can be converted to RGB. */
export type Kind = 'gray' | 'palette' | 'rgb' | 'premultiplied' | 'cmyk' | 'clipped' | 'ycbcr' | 'lab';

/** What the first directory of a TIFF says about its pixels, checked against what Pillow reads. */
export interface Layout {
  width: number;
  height: number;
  kind: Kind;
  /** Bits of a sample, equal for all. */
  bits: number;
  /** Samples of a pixel, those that are dropped among them. */
  samples: number;
  littleEndian: boolean;
  /** Gray whose 0 is white. */
  inverted: boolean;
  /** 1 unsigned, 2 signed, 3 floating point. */
  sampleFormat: number;
  /** Every sample in a plane of its own. */
  planar: boolean;
  compression: number;
  /** 2 where samples are differences to those on their left. */
  predictor: number;
  /** 2 where the lowest bit of a byte comes first. */
  fillOrder: number;
  /** 1 to 8, as in EXIF. */
  orientation: number;
  /** Red, green and blue of the palette one after another, 16 bits each. */
  colorMap: number[] | undefined;
  tiled: boolean;
  /** Width and rows of a strip or tile; a strip may say more rows than there are. */
  chunkWidth: number;
  chunkHeight: number;
  offsets: number[];
  /** Bytes of each strip or tile; undefined where the file does not say. */
  byteCounts: number[] | undefined;
}

const MAX_SAMPLES = 6;
const JPEG = 7;

/**
 * Reads what a TIFF's pixels are, by the rules of Pillow's TiffImagePlugin: a combination of photometric interpretation, sample
 * format, bits and extra samples that is not in its table is refused.
 *
 * @throws Error with the reason
 */
export function readLayout(bytes: Buffer): Layout {
  const ifd = readDirectory(bytes);
  const one = (tag: number, missing: number): number => ifd.value(tag) ?? missing;
  if (ifd.values(0xbc01) !== undefined) throw new Refusal('TIFF: Windows Media Photo is not supported');
  const compression = one(259, 1);
  // libtiff refuses what Pillow's own reader passes over.
  if (compression !== 1 && !ifd.complete) throw new Refusal('TIFF: the file is cut off');
  if (compression !== 1 && ifd.odd) throw new Refusal('TIFF: a tag of one value has another number of them');
  const width = one(256, NaN);
  const height = one(257, NaN);
  if (!(Number.isInteger(width) && Number.isInteger(height))) throw new Refusal('TIFF: the file does not say its size');
  const planar = one(284, 1) === 2;
  // JPEG of the old kind is always YCbCr.
  const photometric = compression === 6 ? 6 : photometricOf(ifd);
  let formats = ifd.values(339) ?? [1];
  if (formats.every((one) => one === formats[0])) formats = formats.slice(0, 1);
  let extra = ifd.values(338) ?? [];
  let bits = ifd.values(258) ?? [1];
  let samples = one(277, compression === 6 && (photometric === 2 || photometric === 6) ? 3 : 1);
  if (planar && extra.length > 0 && Math.max(...extra) === 0) {
    bits = bits.slice(0, -extra.length);
    samples -= extra.length;
    extra = [];
  }
  if (samples > MAX_SAMPLES) throw new Refusal(`TIFF: ${samples} samples a pixel are not supported`);
  if (samples < bits.length) bits = bits.slice(0, samples);
  else if (samples > bits.length && bits.length === 1) bits = Array.from({ length: samples }, () => bits[0] as number);
  if (bits.length !== samples || samples < 1)
    throw new Refusal('TIFF: the bits of its samples do not fit their number');
  const fillOrder = one(266, 1);
  const sampleFormat = formats.length === 1 ? (formats[0] as number) : NaN;
  const { littleEndian } = ifd;
  let kind = kindOf({ littleEndian, photometric, sampleFormat, fillOrder, bits, extra });
  if (kind === undefined) {
    const what = `photometric interpretation ${photometric}, ${bits.join('/')} bits, sample format ${formats.join('/')}`;
    throw new Refusal(`TIFF: ${what} with ${extra.length} extra samples is not supported, nor by Pillow`);
  }
  // Pillow takes a fourth plane that libtiff decompressed and nobody explains for premultiplied alpha.
  if (kind === 'rgb' && planar && compression !== 1 && samples === 4 && extra.length === 0) kind = 'premultiplied';
  // libtiff takes one sample of YCbCr for subsampled, and Pillow takes its planes for narrower than they are.
  if (photometric === 6 && samples === 1 && compression !== JPEG && (compression !== 1 || planar))
    throw new Refusal('TIFF: such gray of YCbCr is not supported');
  const colorMap = ifd.values(320);
  if (kind === 'palette' && colorMap === undefined) throw new Refusal('TIFF: the palette is missing');
  return {
    ...{ width, height, kind, samples, littleEndian, sampleFormat, planar, compression, fillOrder, colorMap },
    bits: bits[0] as number,
    inverted: kind === 'gray' && photometric === 0,
    predictor: one(317, 1),
    orientation: ifd.orientation ?? orientationInXmp(ifd),
    ...chunksOf(ifd, width, height, compression),
  };
}

/** As Pillow's Image.getexif: where the tag of orientation is missing, the XMP data (tag 700) may tell of one. */
function orientationInXmp(ifd: Directory): number {
  const xmp = ifd.bytes(700);
  return (xmp && orientationOfXmp(xmp)) ?? 1;
}

function photometricOf(ifd: Directory): number {
  const values = ifd.values(262);
  return values?.length === 1 ? (values[0] as number) : 0;
}

function chunksOf(
  ifd: Directory,
  width: number,
  height: number,
  compression: number,
): Pick<Layout, 'tiled' | 'chunkWidth' | 'chunkHeight' | 'offsets' | 'byteCounts'> {
  // Of a file with both, Pillow reads the strips where it reads them itself, and libtiff the tiles.
  const tiled = compression === 1 ? ifd.values(273) === undefined : ifd.values(322) !== undefined;
  const offsets = ifd.values(tiled ? 324 : 273) ?? ifd.values(273);
  if (offsets === undefined) throw new Refusal('TIFF: the file does not say where its pixels are');
  const [chunkWidth = 0, chunkHeight = 0] = tiled
    ? [ifd.value(322), ifd.value(323)]
    : [width, ifd.value(278) ?? height];
  if (Number.isNaN(chunkWidth) || Number.isNaN(chunkHeight))
    throw new Refusal('TIFF: the size of its strips or tiles is not a whole number');
  if (!(chunkWidth > 0 && chunkHeight > 0)) throw new Refusal('TIFF: the size of its strips or tiles is not valid');
  return { tiled, chunkWidth, chunkHeight, offsets, byteCounts: ifd.values(tiled ? 325 : 279) ?? ifd.values(279) };
}

interface Key {
  littleEndian: boolean;
  photometric: number;
  sampleFormat: number;
  fillOrder: number;
  bits: number[];
  extra: number[];
}

/** Pillow's OPEN_INFO; undefined for what is not in it, or is but has no conversion to RGB. */
function kindOf({ littleEndian, photometric, sampleFormat, fillOrder, bits, extra }: Key): Kind | undefined {
  if (fillOrder !== 1 && fillOrder !== 2) return undefined;
  if (bits.some((one) => one !== bits[0])) return undefined;
  const depth = bits[0] as number;
  const colours = bits.length - extra.length;
  const straight = fillOrder === 1;
  if (photometric <= 1 && bits.length === 1 && extra.length === 0) {
    return grayKind(littleEndian, photometric, sampleFormat, straight, depth);
  }
  if (sampleFormat !== 1) return undefined;
  switch (photometric) {
    case 1: // with alpha; premultiplied gray has no conversion
      return straight && depth === 8 && bits.length === 2 && oneOf(extra, 0, 2) ? 'gray' : undefined;
    case 2:
      return rgbKind(depth, bits.length, extra, straight);
    case 3:
      if (extra.length === 0) return bits.length === 1 && [1, 2, 4, 8].includes(depth) ? 'palette' : undefined;
      return straight && depth === 8 && bits.length === 2 && oneOf(extra, 0, 2) ? 'palette' : undefined;
    case 5: {
      const rest = depth === 8 ? 2 : depth === 16 ? 0 : -1;
      return straight && colours === 4 && extra.length <= rest && extra.every((one) => one === 0) ? 'cmyk' : undefined;
    }
    case 6:
      if (!straight || depth !== 8 || extra.length > 0) return undefined;
      return bits.length === 1 ? 'gray' : bits.length === 3 ? 'ycbcr' : undefined;
    case 8:
      return straight && depth === 8 && extra.length === 0 && bits.length === 3 ? 'lab' : undefined;
    default:
      return undefined;
  }
}

function oneOf(extra: number[], ...allowed: number[]): boolean {
  return extra.length === 1 && allowed.includes(extra[0] as number);
}

function grayKind(
  littleEndian: boolean,
  photometric: number,
  sampleFormat: number,
  straight: boolean,
  depth: number,
): Kind | undefined {
  if (sampleFormat === 1 && [1, 2, 4, 8].includes(depth)) return 'gray';
  if (sampleFormat === 3) return depth === 32 && straight ? 'clipped' : undefined;
  if (photometric === 0) return littleEndian && sampleFormat === 1 && depth === 16 && straight ? 'clipped' : undefined;
  if (sampleFormat === 2)
    return !straight ? undefined : depth === 8 ? 'gray' : [16, 32].includes(depth) ? 'clipped' : undefined;
  if (sampleFormat !== 1) return undefined;
  if (depth === 16) return straight || littleEndian ? 'clipped' : undefined;
  return littleEndian && straight && [12, 32].includes(depth) ? 'clipped' : undefined;
}

function rgbKind(depth: number, samples: number, extra: number[], straight: boolean): Kind | undefined {
  if (depth !== 8 && depth !== 16) return undefined;
  if (!straight) return depth === 8 && samples === 3 && extra.length === 0 ? 'rgb' : undefined;
  if (extra.length === 0) return samples === 3 || samples === 4 ? 'rgb' : undefined;
  if (samples - extra.length !== 3 || extra.length > (depth === 8 ? 3 : 1)) return undefined;
  const [first, ...rest] = extra;
  if (first === 999) return depth === 8 && rest.length === 0 ? 'rgb' : undefined;
  if (rest.some((one) => one !== 0)) return undefined;
  return first === 1 ? 'premultiplied' : first === 0 || first === 2 ? 'rgb' : undefined;
}
