import type { RgbImage } from '../../backend/types';
import { checkSize } from '../limits';
import { Refusal } from './refusal';

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);

/** Whether the content is PBM, PGM or PPM, plain or raw. */
export function isPnm(bytes: Buffer): boolean {
  const kind = bytes[1] ?? 0;
  return bytes[0] === 0x50 && kind >= 0x31 && kind <= 0x36 && (isSpace(bytes[2]) || bytes[2] === 0x23);
}

interface PnmHeader {
  width: number;
  height: number;
  maxval: number;
  /** 1 to 6, as in the file. */
  kind: number;
  /** Where the header ends. */
  end: number;
}

/** Reads the header, and checks that the pixels can be there. */
export function readPnmHeader(bytes: Buffer): PnmHeader {
  const kind = (bytes[1] ?? 0) - 0x30;
  const reader = new TokenReader(bytes, 2);
  const width = reader.number();
  const height = reader.number();
  const maxval = kind === 1 || kind === 4 ? 1 : reader.number();
  if (maxval < 1 || maxval > 65535) throw new Refusal(`PNM: the maximum of ${maxval} is not within 1 to 65535`);
  // Before memory is taken: a plain value takes a byte at least.
  const count = width * height * (kind === 3 || kind === 6 ? 3 : 1);
  const least = kind === 4 ? Math.ceil(width / 8) * height : kind <= 3 ? count - 1 : count * (maxval > 255 ? 2 : 1);
  checkSize(width, height);
  if (bytes.length < reader.at + 1 + least) throw new Refusal('PNM: the file is cut off');
  return { width, height, maxval, kind, end: reader.at };
}

/** Decodes PBM, PGM and PPM as Pillow's `convert('RGB')` does; sharp's prebuilt binaries cannot. */
export function decodePnm(bytes: Buffer): RgbImage {
  const { width, height, maxval, kind, end } = readPnmHeader(bytes);
  const plain = kind <= 3;
  const bitmap = kind === 1 || kind === 4;
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const count = width * height * channels;
  const size = maxval > 255 ? 2 : 1;
  const stride = Math.ceil(width / 8);
  const start = end + 1; // one white space ends the header
  const data = new Uint8Array(width * height * 3);
  if (kind === 6 && maxval === 255) {
    data.set(bytes.subarray(start, start + count));
    return { width, height, data };
  }

  // Pillow reads gray of more than 8 bits as 32-bit integers on a scale of 65535, which convert('RGB') then clips.
  const outMax = channels === 1 && maxval > 255 ? 65535 : 255;
  const levels = Uint8Array.from({ length: size === 2 ? 65536 : 256 }, (_, value) =>
    bitmap
      ? value === 0
        ? 255
        : 0
      : Math.min(255, maxval === outMax ? value : roundHalfEven((value / maxval) * outMax)),
  );
  const reader = new TokenReader(bytes, end);
  const next = (i: number): number => {
    if (plain) {
      const value = bitmap ? reader.bit() : reader.number();
      if (value > maxval) throw new Refusal(`PNM: ${value} is more than the maximum of ${maxval}`);
      return value;
    }
    if (size === 2) return ((bytes[start + i * 2] as number) << 8) | (bytes[start + i * 2 + 1] as number);
    if (!bitmap) return bytes[start + i] as number;
    const x = i % width;
    return ((bytes[start + ((i - x) / width) * stride + (x >> 3)] as number) >> (7 - (x & 7))) & 1;
  };
  for (let i = 0, out = 0; i < count; i++) {
    const level = levels[next(i)] as number;
    data[out++] = level;
    if (channels === 3) continue;
    data[out++] = level;
    data[out++] = level;
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
    const begin = this.at;
    let value = 0;
    for (let byte = this.bytes[begin]; byte !== undefined && byte >= 0x30 && byte <= 0x39;) {
      value = value * 10 + byte - 0x30;
      byte = this.bytes[++this.at];
      if (this.at - begin > 10) throw new Refusal('PNM: a number is too long');
    }
    if (this.at === begin)
      throw new Refusal(begin >= this.bytes.length ? 'PNM: the file is cut off' : 'PNM: not a number');
    // Not even a comment may follow at once: Pillow would take what comes after it for more digits.
    const after = this.bytes[this.at];
    if (after !== undefined && !isSpace(after)) throw new Refusal('PNM: not a number');
    return value;
  }

  /** The next 0 or 1 of a plain bitmap, whose digits need no space between them. */
  bit(): number {
    this.skip();
    const byte = this.bytes[this.at++];
    if (byte !== 0x30 && byte !== 0x31)
      throw new Refusal(byte === undefined ? 'PNM: the file is cut off' : 'PNM: not a bit');
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
