import type { RgbImage } from '../backend/types';
import { checkSize } from './limits';

/** Whether the content is a Windows bitmap. */
export function isBmp(bytes: Buffer): boolean {
  return bytes.length >= 18 && bytes[0] === 0x42 && bytes[1] === 0x4d;
}

/** Decodes an uncompressed Windows bitmap as Pillow does; sharp's prebuilt binaries cannot. */
export function decodeBmp(bytes: Buffer): RgbImage {
  const start = bytes.readUInt32LE(10);
  const headerSize = bytes.readUInt32LE(14);
  const core = headerSize === 12;
  if (!core && (headerSize < 40 || headerSize > 200)) throw new Error(`BMP: unknown header of ${headerSize} bytes`);
  if (bytes.length < 14 + headerSize) throw new Error('BMP: the header is cut off');
  const width = core ? bytes.readUInt16LE(18) : bytes.readInt32LE(18);
  const rawHeight = core ? bytes.readUInt16LE(20) : bytes.readInt32LE(22);
  const bits = bytes.readUInt16LE(core ? 24 : 28);
  const compression = core ? 0 : bytes.readUInt32LE(30);
  const height = Math.abs(rawHeight);
  checkSize(width, height);
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new Error(`BMP: ${bits} bits per pixel are not supported`);
  const bitfields = compression === 3 && (bits === 16 || bits === 32);
  if (compression !== 0 && !bitfields) throw new Error(`BMP: compression ${compression} is not supported`);

  const stride = Math.floor((width * bits + 31) / 32) * 4;
  if (bytes.length < start + stride * (height - 1) + Math.ceil((width * bits) / 8)) {
    throw new Error('BMP: the file is cut off');
  }
  const pixel = bits <= 8 ? paletteReader(bytes, bits, core, headerSize, start) : colourReader(bytes, bits, bitfields);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    // A negative height means that the first row is the top one.
    const row = start + (rawHeight < 0 ? y : height - 1 - y) * stride;
    for (let x = 0; x < width; x++) pixel(row, x, data, (y * width + x) * 3);
  }
  return { width, height, data };
}

type PixelReader = (row: number, x: number, out: Uint8Array, at: number) => void;

function paletteReader(bytes: Buffer, bits: number, core: boolean, headerSize: number, start: number): PixelReader {
  const entry = core ? 3 : 4;
  const begin = 14 + headerSize;
  const used = core ? 0 : bytes.readUInt32LE(46);
  const room = Math.floor(Math.max(0, start - begin) / entry);
  const count = Math.min(used === 0 ? 2 ** bits : used, room, 256);
  const perByte = 8 / bits;
  const mask = 2 ** bits - 1;
  return (row, x, out, at) => {
    const byte = bytes[row + Math.floor(x / perByte)] ?? 0;
    const index = (byte >> (8 - bits - (x % perByte) * bits)) & mask;
    if (index >= count) return;
    const from = begin + index * entry;
    out[at] = bytes[from + 2] ?? 0;
    out[at + 1] = bytes[from + 1] ?? 0;
    out[at + 2] = bytes[from] ?? 0;
  };
}

function colourReader(bytes: Buffer, bits: number, bitfields: boolean): PixelReader {
  if (!bitfields && bits !== 16) {
    const step = bits / 8;
    return (row, x, out, at) => {
      const from = row + x * step;
      out[at] = bytes[from + 2] ?? 0;
      out[at + 1] = bytes[from + 1] ?? 0;
      out[at + 2] = bytes[from] ?? 0;
    };
  }
  // The masks follow a 40 byte header or are part of a longer one: the same place either way.
  const masks = bitfields ? [54, 58, 62].map((at) => bytes.readUInt32LE(at)) : [0x7c00, 0x03e0, 0x001f];
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { shift, max: mask >>> shift };
  });
  return (row, x, out, at) => {
    const value = bits === 16 ? bytes.readUInt16LE(row + x * 2) : bytes.readUInt32LE(row + x * 4);
    channels.forEach(({ shift, max }, i) => {
      out[at + i] = max === 0 ? 0 : Math.floor((((value >>> shift) & max) * 255) / max);
    });
  };
}
