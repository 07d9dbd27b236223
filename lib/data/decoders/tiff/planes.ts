import { promisify } from 'node:util';
import zlib from 'node:zlib';
import sharp from 'sharp';
import { reversed } from './bits';
import type { Layout } from './layout';
import { unpackBits } from './packbits';
import { Refusal } from '../refusal';

/** Compressions that stay as they are in the file libtiff is given: LZW, Deflate of both numbers. */
const PACKBITS = 32773;
const BY_LIBTIFF = new Set([5, 8, 32946]);
const ZSTD = 50000;
const NAMES: Readonly<Record<number, string>> = {
  6: 'JPEG of the old kind',
  7: 'JPEG of such samples',
  34925: 'LZMA',
  50000: 'Zstandard (Node.js 22.15 and later can)',
  50001: 'WebP',
};

/** Bytes that tiles may reach over the edges of the image, four times as many as the image has, and these: what a file says of them costs nothing. */
const MOST_BESIDE = 2 ** 26;
/**
 * Strips or tiles may lie in one another, as empty ones that share their bytes: together they are said to have at most so many times the
 * bytes of the file, and those of {@link MOST_BESIDE}.
 */
const MOST_SHARED = 16;

/** How the bytes of a TIFF's planes lie: all samples in one, or a plane for each. */
export interface Plane {
  /** Samples of a pixel in this plane. */
  samples: number;
  bits: number;
  /** Bytes of a row. */
  rowBytes: number;
}

/** What {@link readPlanes} gives for a layout. */
export function planeOf({ planar, samples, bits, width, compression }: Layout): Plane {
  if (!planar || samples === 1) return { samples, bits, rowBytes: rowBytes(width, samples * bits) };
  // Pillow reads uncompressed planes as bytes, whatever they are.
  const depth = compression === 1 ? 8 : bits;
  return { samples: 1, bits: depth, rowBytes: rowBytes(width, depth) };
}

function rowBytes(width: number, bitsOfPixel: number): number {
  return Math.ceil((width * bitsOfPixel) / 8);
}

/** Whether {@link readPlanes} can decompress it. */
export function hasPlanes({ compression }: Layout): boolean {
  return compression === 1 || BY_LIBTIFF.has(compression) || compression === PACKBITS || compression === ZSTD;
}

/** Why it can't, where not even sharp can. */
export function unsupportedCompression(compression: number): string {
  return `TIFF: compression ${NAMES[compression] ?? compression} is not supported`;
}

/**
 * The samples of a TIFF as they are in the file once decompressed, one buffer for each plane.
 *
 * @throws Error where strips or tiles are missing, cut off or damaged
 */
export async function readPlanes(bytes: Buffer, layout: Layout): Promise<Uint8Array[]> {
  const count = layout.planar ? layout.samples : 1;
  const plane = planeOf(layout);
  const across = Math.ceil(layout.width / layout.chunkWidth);
  const down = Math.ceil(layout.height / layout.chunkHeight);
  let { offsets } = layout;
  // Of several that each cover the whole image, Pillow takes the last where it reads them itself.
  const whole = layout.chunkWidth === layout.width && layout.chunkHeight === layout.height;
  if (layout.compression === 1 && whole && !layout.planar) offsets = offsets.slice(-1);
  const each = across * down;
  if (offsets.some((at) => at < 0)) throw new Refusal('TIFF: strips or tiles lie before the file');
  if (offsets.length < each * count) throw new Refusal('TIFF: strips or tiles are missing');
  if (layout.compression === 1 && offsets.length > each * count)
    throw new Refusal('TIFF: more strips or tiles than pixels');
  // As libtiff, which does not look at more than the picture has.
  offsets = offsets.slice(0, each * count);
  const counts = layout.compression === 1 ? [] : byteCounts(layout, bytes, offsets);
  const planes: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const [from, to] = [i * each, (i + 1) * each];
    const own = offsets.slice(from, to);
    if (layout.compression === 1) planes.push(readRaw(bytes, layout, plane, own));
    else planes.push(await expand(bytes, layout, plane, own, counts.slice(from, to)));
  }
  return planes;
}

function byteCounts({ byteCounts }: Layout, bytes: Buffer, offsets: number[]): number[] {
  if (byteCounts !== undefined && byteCounts.length >= offsets.length) return byteCounts;
  // Up to the next one, wherever in the list that is. A list may be as long as the file, so that they are not compared each with each.
  const ends = Float64Array.from(new Set([...offsets, bytes.length])).sort();
  return offsets.map((at) => Math.min(bytes.length, firstAbove(ends, at)) - at);
}

/** The first of ascending numbers that is above one; Infinity where none is. */
function firstAbove(ascending: Float64Array, one: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) > one) high = middle;
    else low = middle + 1;
  }
  return ascending[low] ?? Infinity;
}

/** Uncompressed rows; as Pillow, it needs the offsets only and not the lengths. */
function readRaw(bytes: Buffer, layout: Layout, plane: Plane, offsets: number[]): Uint8Array {
  // Only a tile that reaches over the right edge is longer than what is kept of it.
  return assemble(bytes, layout, plane, offsets, (x, taken) =>
    x + layout.chunkWidth > layout.width ? Math.floor((layout.chunkWidth * plane.samples * plane.bits) / 8) : taken,
  );
}

/** Puts the rows of strips or tiles in their places; `stride` is what the rows of one are apart. */
function assemble(
  bytes: Uint8Array,
  { width, height, chunkWidth, chunkHeight }: Layout,
  plane: Plane,
  offsets: number[],
  stride: (x: number, taken: number) => number,
): Uint8Array {
  const pixelBits = plane.samples * plane.bits;
  const across = Math.ceil(width / chunkWidth);
  if (across > 1 && (chunkWidth * pixelBits) % 8 !== 0)
    throw new Refusal('TIFF: tiles that end within a byte are not supported');
  const out = new Uint8Array(plane.rowBytes * height);
  for (const [i, offset] of offsets.entries()) {
    const x = (i % across) * chunkWidth;
    const y = Math.floor(i / across) * chunkHeight;
    const rows = Math.min(chunkHeight, height - y);
    const taken = rowBytes(Math.min(chunkWidth, width - x), pixelBits);
    const apart = stride(x, taken);
    if (offset + apart * (rows - 1) + taken > bytes.length) throw new Refusal('TIFF: the file is cut off');
    for (let row = 0; row < rows; row++) {
      const from = offset + row * apart;
      out.set(bytes.subarray(from, from + taken), (y + row) * plane.rowBytes + (x * pixelBits) / 8);
    }
  }
  return out;
}

/** Decompresses one plane. Differences are undone here: libtiff does not know of them, see {@link byLibtiff}. */
async function expand(
  bytes: Buffer,
  layout: Layout,
  plane: Plane,
  offsets: number[],
  counts: number[],
): Promise<Uint8Array> {
  const { height, chunkWidth, chunkHeight, tiled, predictor, compression } = layout;
  if (!counts.every((count) => count > 0)) throw new Refusal('TIFF: strips or tiles have no bytes');
  if (offsets.some((at, i) => at + (counts[i] ?? 0) > bytes.length)) throw new Refusal('TIFF: the file is cut off');
  const packed = offsets.reduce((sum, _, i) => sum + (counts[i] ?? 0), 0);
  if (packed > MOST_SHARED * bytes.length + MOST_BESIDE)
    throw new Refusal('TIFF: strips or tiles that have so much of the file in common are not supported');
  // Tiles as strips, one below the other.
  const columns = tiled ? rowBytes(chunkWidth, plane.samples * plane.bits) : plane.rowBytes;
  const rows = tiled ? chunkHeight * offsets.length : height;
  const strips: Strips = { columns, rows, stripRows: Math.min(chunkHeight, rows), offsets, counts };
  if (tiled && columns * rows > 4 * plane.rowBytes * height + MOST_BESIDE)
    throw new Refusal('TIFF: tiles so much larger than the image are not supported');
  const own = compression === PACKBITS || compression === ZSTD;
  const data = own ? await bySelf(bytes, layout, strips) : await byLibtiff(bytes, layout, strips);
  if (predictor !== 1 && compression !== PACKBITS) undoPredictor(data, layout, plane, columns);
  if (!tiled) return data;
  const apart = offsets.map((_, i) => i * columns * chunkHeight);
  return assemble(data, layout, plane, apart, () => columns);
}

interface Strips {
  /** Bytes of a row. */
  columns: number;
  rows: number;
  /** Rows of each strip but the last. */
  stripRows: number;
  offsets: number[];
  counts: number[];
}

async function bySelf(bytes: Buffer, { compression, fillOrder }: Layout, strips: Strips): Promise<Uint8Array> {
  const { columns, rows, stripRows, offsets, counts } = strips;
  const data = new Uint8Array(columns * rows);
  for (const [i, offset] of offsets.entries()) {
    const packed = bytes.subarray(offset, offset + (counts[i] ?? 0));
    const out = data.subarray(i * stripRows * columns, (i + 1) * stripRows * columns);
    if (compression === PACKBITS) unpackBits(fillOrder === 2 ? reversed(packed) : packed, out);
    else await unpackZstd(packed, out);
  }
  return data;
}

/**
 * Has libtiff decompress one plane: it is shown to sharp as a gray image of bytes, so that nothing but decompressing happens to it.
 */
async function byLibtiff(bytes: Buffer, { compression, fillOrder }: Layout, strips: Strips): Promise<Uint8Array> {
  const { columns, rows, stripRows, offsets, counts } = strips;
  const directory: [tag: number, values: number[]][] = [
    [256, [columns]],
    [257, [rows]],
    [258, [8]],
    [259, [compression]],
    [262, [1]],
    [266, [fillOrder]],
    [273, offsets],
    [277, [1]],
    [278, [stripRows]],
    [279, counts],
  ];
  const { data, info } = await sharp(withDirectory(bytes, directory), {
    failOn: 'error',
    limitInputPixels: false, // of bytes, which stand for fewer pixels; those have been checked
    unlimited: true,
  })
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 1 || data.length !== columns * rows) {
    throw new Refusal('TIFF: the strips do not fit the size');
  }
  return data;
}

/** A classic little-endian TIFF with the same content and this directory. */
function withDirectory(bytes: Buffer, directory: [tag: number, values: number[]][]): Buffer {
  const start = bytes.length + (bytes.length % 2);
  if (start > 2 ** 32 - 2 ** 24) throw new Refusal('TIFF: the file is too large');
  directory.sort(([a], [b]) => a - b);
  const outside = directory.reduce((sum, [, values]) => sum + (values.length > 1 ? values.length * 4 : 0), 0);
  const length = 2 + directory.length * 12 + 4;
  const out = Buffer.alloc(start + length + outside);
  bytes.copy(out);
  out.write('II*\0', 0, 'latin1');
  out.writeUInt32LE(start, 4);
  out.writeUInt16LE(directory.length, start);
  let free = start + length;
  for (const [i, [tag, values]] of directory.entries()) {
    const at = start + 2 + i * 12;
    out.writeUInt16LE(tag, at);
    out.writeUInt16LE(4, at + 2);
    out.writeUInt32LE(values.length, at + 4);
    if (values.length === 1) out.writeUInt32LE(values[0] ?? 0, at + 8);
    else {
      out.writeUInt32LE(free, at + 8);
      for (const value of values) free = out.writeUInt32LE(value, free);
    }
  }
  return out;
}

type Zstd = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

/** The libtiff of sharp has no Zstandard, but newer versions of Node.js have. */
async function unpackZstd(packed: Uint8Array, out: Uint8Array): Promise<void> {
  const decompress = (zlib as unknown as Record<string, unknown>)['zstdDecompress'] as
    Parameters<typeof promisify>[0] | undefined;
  if (decompress === undefined) throw new Refusal(unsupportedCompression(ZSTD));
  const unpacked = await (promisify(decompress) as Zstd)(packed, { maxOutputLength: out.length }).catch(
    () => undefined,
  );
  if (unpacked?.length !== out.length) throw new Refusal('TIFF: a strip or tile is damaged');
  out.set(unpacked);
}

/** Sums up the differences of each row of a strip or tile (TIFF 6.0, section 14). */
function undoPredictor(data: Uint8Array, { predictor, littleEndian }: Layout, plane: Plane, columns: number): void {
  const { samples, bits } = plane;
  if (predictor !== 2 || ![8, 16, 32].includes(bits))
    throw new Refusal(`TIFF: predictor ${predictor} of ${bits} bits is not supported`);
  const size = bits / 8;
  const back = samples * size;
  const order = Array.from({ length: size }, (_, k) => (littleEndian ? k : size - 1 - k)); // from the lowest byte up
  for (let row = 0; row < data.length; row += columns) {
    const end = row + columns;
    if (size === 1) {
      for (let i = row + back; i < end; i++) data[i] = (data[i] as number) + (data[i - back] as number);
      continue;
    }
    for (let i = row + back; i < end; i += size) {
      let carry = 0;
      for (const k of order) {
        carry += (data[i + k] as number) + (data[i - back + k] as number);
        data[i + k] = carry;
        carry >>= 8;
      }
    }
  }
}
