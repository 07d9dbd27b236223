import type { RgbImage } from '../backend/types';
import { checkSize } from './limits';

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);

/** Whether the content is PBM, PGM or PPM, plain or raw. */
export function isPnm(bytes: Buffer): boolean {
  const kind = bytes[1] ?? 0;
  return bytes[0] === 0x50 && kind >= 0x31 && kind <= 0x36 && (isSpace(bytes[2]) || bytes[2] === 0x23);
}

/** Decodes PBM, PGM and PPM as Pillow's `convert('RGB')` does; sharp's prebuilt binaries cannot. */
export function decodePnm(bytes: Buffer): RgbImage {
  const kind = (bytes[1] ?? 0) - 0x30;
  const plain = kind <= 3;
  const bitmap = kind === 1 || kind === 4;
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const reader = new TokenReader(bytes, 2);
  const width = reader.number();
  const height = reader.number();
  const maxval = bitmap ? 1 : reader.number();
  checkSize(width, height);
  if (maxval < 1 || maxval > 65535) throw new Error(`PNM: the maximum of ${maxval} is not within 1 to 65535`);

  const count = width * height * channels;
  const size = maxval > 255 ? 2 : 1;
  const stride = Math.ceil(width / 8);
  // Before memory is taken: a plain value takes a byte at least. One white space ends the header.
  const start = reader.at + 1;
  const least = kind === 4 ? stride * height : plain ? count : count * size;
  if (bytes.length < start + least - (plain ? 1 : 0)) throw new Error('PNM: the file is cut off');
  const data = new Uint8Array(width * height * 3);

  // Pillow reads gray of more than 8 bits as 32-bit integers on a scale of 65535, which convert('RGB') then clips.
  const outMax = channels === 1 && maxval > 255 ? 65535 : 255;
  const scale = (value: number): number =>
    Math.min(255, maxval === outMax ? value : roundHalfEven((value / maxval) * outMax));
  const put = (index: number, value: number): void => {
    if (channels === 3) data[index] = value;
    else data.fill(value, index * 3, index * 3 + 3);
  };
  if (plain) {
    for (let i = 0; i < count; i++) {
      const value = bitmap ? reader.bit() : reader.number();
      if (value > maxval) throw new Error(`PNM: ${value} is more than the maximum of ${maxval}`);
      put(i, bitmap ? (1 - value) * 255 : scale(value));
    }
    return { width, height, data };
  }
  for (let i = 0; i < count; i++) {
    if (bitmap) {
      const x = i % width;
      const byte = bytes[start + Math.floor(i / width) * stride + (x >> 3)] ?? 0;
      put(i, (byte >> (7 - (x & 7))) & 1 ? 0 : 255);
    } else {
      put(i, scale(size === 2 ? bytes.readUInt16BE(start + i * 2) : (bytes[start + i] ?? 0)));
    }
  }
  return { width, height, data };
}

/** Python's round. */
function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

class TokenReader {
  constructor(
    private readonly bytes: Buffer,
    public at: number,
  ) {}

  /** The next decimal number. */
  number(): number {
    this.skip();
    let digits = '';
    for (let byte = this.bytes[this.at]; byte !== undefined && byte >= 0x30 && byte <= 0x39;) {
      digits += String.fromCharCode(byte);
      if (digits.length > 10) throw new Error('PNM: a number is too long');
      byte = this.bytes[++this.at];
    }
    if (digits === '') throw new Error(this.at >= this.bytes.length ? 'PNM: the file is cut off' : 'PNM: not a number');
    return Number(digits);
  }

  /** The next 0 or 1 of a plain bitmap, whose digits need no space between them. */
  bit(): number {
    this.skip();
    const byte = this.bytes[this.at++];
    if (byte !== 0x30 && byte !== 0x31)
      throw new Error(byte === undefined ? 'PNM: the file is cut off' : 'PNM: not a bit');
    return byte - 0x30;
  }

  private skip(): void {
    for (;;) {
      if (isSpace(this.bytes[this.at])) this.at++;
      else if (this.bytes[this.at] === 0x23) {
        while (this.at < this.bytes.length && this.bytes[this.at] !== 0x0a && this.bytes[this.at] !== 0x0d) this.at++;
      } else return;
    }
  }
}
