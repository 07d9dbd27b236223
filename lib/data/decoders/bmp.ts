import type { RgbImage } from '../../backend/types';
import { Refusal } from './refusal';

/** Whether the content is a Windows bitmap. */
export function isBmp(bytes: Buffer): boolean {
  return bytes.length >= 18 && bytes[0] === 0x42 && bytes[1] === 0x4d;
}

interface BmpHeader {
  size: number;
  width: number;
  height: number;
  topDown: boolean;
  bits: number;
  compression: number;
  /** Entries of the palette as the file says; 0 for as many as the bits allow. */
  colours: number;
}

const RAW = 0;
const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;

/** Where in a pixel of 32 bits red, green and blue are, by the masks that Pillow takes: red, green, blue, alpha. */
const MASKS_32: Readonly<Record<string, readonly [number, number, number]>> = {
  'ff0000 ff00 ff 0': [2, 1, 0],
  'ff000000 ff0000 ff00 0': [3, 2, 1],
  'ff000000 ff00 ff 0': [3, 1, 0],
  'ff000000 ff0000 ff00 ff': [3, 2, 1],
  'ff ff00 ff0000 ff000000': [0, 1, 2],
  'ff0000 ff00 ff ff000000': [2, 1, 0],
  'ff000000 ff00 ff ff0000': [3, 1, 0],
  '0 0 0 0': [2, 1, 0],
};

/** Reads what the header says, by the rules of Pillow's BmpImagePlugin. */
export function readBmpHeader(bytes: Buffer): BmpHeader {
  const size = bytes.readUInt32LE(14);
  if (![12, 40, 52, 56, 64, 108, 124].includes(size)) throw new Refusal(`BMP: unknown header of ${size} bytes`);
  if (bytes.length < 14 + size) throw new Refusal('BMP: the header is cut off');
  if (size === 12) {
    const [width, height, bits] = [18, 20, 24].map((at) => bytes.readUInt16LE(at)) as [number, number, number];
    return { size, width, height, topDown: false, bits, compression: RAW, colours: 0 };
  }
  // A height whose highest byte is full is negative: the first row is the top one.
  const topDown = bytes[25] === 0xff;
  const height = topDown ? 2 ** 32 - bytes.readUInt32LE(22) : bytes.readUInt32LE(22);
  const compression = bytes.readUInt32LE(30);
  const width = bytes.readUInt32LE(18);
  return { size, width, height, topDown, bits: bytes.readUInt16LE(28), compression, colours: bytes.readUInt32LE(46) };
}

/**
 * Decodes a Windows bitmap as Pillow does; sharp's prebuilt binaries cannot.
 *
 * @throws Error for what Pillow refuses: other headers, layouts of bits, sizes of palettes, missing pixels
 */
export function decodeBmp(bytes: Buffer): RgbImage {
  const header = readBmpHeader(bytes);
  const { bits, compression } = header;
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new Refusal(`BMP: ${bits} bits per pixel are not supported`);
  if (compression !== RAW && compression !== BITFIELDS && compression !== RLE8 && compression !== RLE4) {
    throw new Refusal(`BMP: compression ${compression} is not supported`);
  }
  if (bits > 8) return decodeColours(bytes, header);
  if (compression === BITFIELDS) throw new Refusal('BMP: bit fields with a palette are not supported');
  return decodePalette(bytes, header);
}

function decodePalette(bytes: Buffer, header: BmpHeader): RgbImage {
  const { size, width, height, bits, compression } = header;
  const entry = size === 12 ? 3 : 4;
  const count = header.colours === 0 ? 2 ** bits : header.colours;
  if (count > 65536) throw new Refusal(`BMP: a palette of ${count} colours is not supported`);
  // The palette follows the header, wherever the pixels are said to be.
  const begin = 14 + size;
  const palette = bytes.subarray(begin, begin + entry * count);
  const gray = isGray(palette, entry, count);
  // An entry that the file ends in does not count, even where only its unused byte is missing.
  const whole = Math.floor(palette.length / entry);
  if (!gray && whole > 256) throw new Refusal(`BMP: a palette of ${count} colours is too large`);
  let start = bytes.readUInt32LE(10);
  if (start === begin) start += entry * count;
  else if (start === 0) start = begin + palette.length;

  // Pillow drops a palette that is gray, and then takes a pixel for as many bits as its mode has.
  const depth = gray ? (count <= 2 ? 1 : 8) : bits;
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    for (let c = 0; c < 3; c++) {
      table[i * 3 + c] = gray ? (depth === 1 ? i * 255 : i) : i < whole ? (palette[i * entry + 2 - c] as number) : 0;
    }
  }
  let rows: Uint8Array;
  let perByte = 8 / depth;
  let stride = rowStride(width, bits);
  let at = start;
  if (compression === RAW) {
    rows = bytes;
    const taken = Math.ceil((width * depth) / 8);
    if (taken > stride) throw new Refusal('BMP: the palette does not fit the bits per pixel');
    if (bytes.length < start + stride * (height - 1) + taken) throw new Refusal('BMP: the file is cut off');
  } else {
    if (gray && depth === 1) throw new Refusal('BMP: run lengths of black and white are not supported');
    rows = runLengths(bytes, start, header);
    [perByte, stride, at] = [1, width, 0];
  }
  const mask = perByte === 1 ? 255 : 2 ** depth - 1;
  const shift = 8 / perByte;
  const data = new Uint8Array(width * height * 3);
  let out = 0;
  for (let y = 0; y < height; y++) {
    const row = at + (header.topDown ? y : height - 1 - y) * stride;
    for (let x = 0; x < width; x++) {
      const byte = rows[row + Math.floor(x / perByte)] as number;
      const index = ((byte >> (8 - shift - (x % perByte) * shift)) & mask) * 3;
      data[out++] = table[index] as number;
      data[out++] = table[index + 1] as number;
      data[out++] = table[index + 2] as number;
    }
  }
  return { width, height, data };
}

function rowStride(width: number, bits: number): number {
  return Math.floor((width * bits + 31) / 32) * 4;
}

function isGray(palette: Buffer, entry: number, count: number): boolean {
  for (let i = 0; i < count; i++) {
    const level = count === 2 ? i * 255 : i & 255;
    for (let c = 0; c < 3; c++) if (palette[i * entry + c] !== level) return false;
  }
  return true;
}

/** The pixels of RLE4 or RLE8, a byte each, rows as in the file; rows that end early and what is skipped are 0. */
function runLengths(bytes: Buffer, start: number, { width, height, compression }: BmpHeader): Uint8Array {
  const four = compression === RLE4;
  const total = width * height;
  const out = new Uint8Array(total);
  let at = start;
  let filled = 0;
  let x = 0;
  const put = (value: number): void => {
    if (filled < total) out[filled] = value;
    filled++;
  };
  while (filled < total && at + 1 < bytes.length) {
    const count = bytes[at++] as number;
    const byte = bytes[at++] as number;
    if (count > 0) {
      const pixels = Math.max(0, Math.min(count, width - x));
      for (let i = 0; i < pixels; i++) put(four ? (i % 2 === 0 ? byte >> 4 : byte & 15) : byte);
      x += pixels;
    } else if (byte === 0) {
      filled = Math.ceil(filled / width) * width;
      x = 0;
    } else if (byte === 1) {
      break;
    } else if (byte === 2) {
      if (at + 2 > bytes.length) break;
      filled += Math.min(total - filled, (bytes[at] as number) + (bytes[at + 1] as number) * width);
      at += 2;
      x = filled % width;
    } else {
      const pixels = Math.min(total - filled, byte);
      const taken = four ? (pixels + 1) >> 1 : pixels;
      const found = Math.min(taken, bytes.length - at);
      for (let i = 0; i < found; i++) {
        const value = bytes[at + i] as number;
        put(four ? value >> 4 : value);
        if (four && i * 2 + 1 < pixels) put(value & 15);
      }
      at += found;
      if (found < taken || filled === total) break;
      x += byte;
      at += at % 2; // to an even place in the file
    }
  }
  if (filled < total) throw new Refusal('BMP: the file is cut off');
  return out;
}

function decodeColours(bytes: Buffer, header: BmpHeader): RgbImage {
  const { size, width, height, bits, compression, topDown } = header;
  if (compression === RLE8 || compression === RLE4)
    throw new Refusal(`BMP: run lengths of ${bits} bits are not supported`);
  // The masks follow a header of 40 bytes or are part of a longer one: the same place either way.
  const masks = compression === BITFIELDS ? readMasks(bytes, size) : undefined;
  const start = bytes.readUInt32LE(10) || 14 + size + (masks !== undefined && size === 40 ? 12 : 0);
  const stride = rowStride(width, bits);
  const taken = (width * bits) / 8;
  if (bytes.length < start + stride * (height - 1) + taken) throw new Refusal('BMP: the file is cut off');
  const data = new Uint8Array(width * height * 3);
  const green6 = bits === 16 && masks?.slice(0, 3).join(' ') === 'f800 7e0 1f';
  if (bits === 16 && masks !== undefined && !green6 && masks.slice(0, 3).join(' ') !== '7c00 3e0 1f')
    throw fields(masks);
  if (bits === 24 && masks !== undefined && masks.slice(0, 3).join(' ') !== 'ff0000 ff00 ff') throw fields(masks);
  const places = bits === 32 && masks !== undefined ? MASKS_32[masks.join(' ')] : ([2, 1, 0] as const);
  if (places === undefined) throw fields(masks ?? []);
  const [red, green, blue] = places;
  const step = bits / 8;
  let out = 0;
  for (let y = 0; y < height; y++) {
    let at = start + (topDown ? y : height - 1 - y) * stride;
    for (let x = 0; x < width; x++, at += step) {
      if (bits === 16) {
        const value = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
        data[out++] = Math.floor((((value >> (green6 ? 11 : 10)) & 31) * 255) / 31);
        data[out++] = green6
          ? Math.floor((((value >> 5) & 63) * 255) / 63)
          : Math.floor((((value >> 5) & 31) * 255) / 31);
        data[out++] = Math.floor(((value & 31) * 255) / 31);
      } else {
        data[out++] = bytes[at + red] as number;
        data[out++] = bytes[at + green] as number;
        data[out++] = bytes[at + blue] as number;
      }
    }
  }
  return { width, height, data };
}

/** The masks in hexadecimal; only a header of 56 bytes or more has one for alpha. */
function readMasks(bytes: Buffer, size: number): string[] {
  if (bytes.length < 66) throw new Refusal('BMP: the header is cut off');
  const alpha = size >= 56 ? bytes.readUInt32LE(66) : 0;
  return [...[54, 58, 62].map((at) => bytes.readUInt32LE(at)), alpha].map((mask) => mask.toString(16));
}

function fields(masks: string[]): Refusal {
  return new Refusal(`BMP: the bit fields ${masks.join(' ')} are not supported`);
}
