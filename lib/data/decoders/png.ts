import { crc32, inflateSync } from 'node:zlib';
import { checkSize } from '../limits';
import { chunksOfFirstPicture, nameAt } from './png-chunks';
import { MAX_TEXT } from './png-texts';
import { Refusal } from './refusal';

export { isPng } from './png-chunks';

const MAX_TEXTS = 64 * MAX_TEXT;
/** Bytes that all compressed texts and profiles of a file may unpack to: unlike Pillow we do it where others wait. */
const MAX_UNPACKED = 64 * MAX_TEXT;

/** Bits and colour types that there are. */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/** What libpng takes for the name of a chunk: letters, of which the third is a capital (PNG specification, 5.4: the reserved bit). */
const LETTERS = /^[A-Za-z]{2}[A-Z][A-Za-z]$/;
const MAX_LENGTH = 2 ** 31 - 1;

/** Times as long as deflated data they may be at most (https://zlib.net/zlib_tech.html). */
const MOST_UNPACKED = 1032;

/** The colour type of images with a palette. */
const PALETTE = 3;
/** Bytes of 256 colours. */
const MAX_PALETTE = 768;

/** Bytes that Pillow wants of a chunk at least. */
const LEAST: Readonly<Record<string, number>> = {
  IHDR: 13,
  gAMA: 4,
  cHRM: 32,
  sRGB: 1,
  pHYs: 9,
  acTL: 8,
  fcTL: 26,
  fdAT: 4,
};

export interface PngHeader {
  width: number;
  height: number;
  bits: number;
  /** Gray without alpha of its own. */
  gray: boolean;
  interlaced: boolean;
  /** Where the final chunk should be, if it is missing; libpng requires it. */
  unended?: number;
}

/**
 * Goes through the chunks as Pillow's PngImagePlugin does, where libpng is more lenient: checksums of the chunks before the pixels,
 * and chunks that are cut off or too short.
 *
 * @throws Error with what is wrong
 */
export function checkPng(bytes: Buffer): PngHeader {
  const walk = new Walk();
  let pixels = false;
  let packed = 0;
  let next = 8;
  for (const { name, at, end, afterPixels } of chunksOfFirstPicture(bytes)) {
    // libpng reads no further at these.
    if (!afterPixels && !LETTERS.test(name)) throw new Refusal('PNG: the name of a chunk is not valid');
    if (!afterPixels && end - at - 8 > MAX_LENGTH) throw new Refusal('PNG: the length of a chunk is not valid');
    if (name === 'IDAT') {
      if (!afterPixels) walk.pixels();
      if (end > at + 8 && at + 8 >= bytes.length) throw new Refusal('PNG: the file is cut off');
      packed += Math.min(end, bytes.length) - at - 8;
      pixels = true;
    } else {
      if (end > bytes.length) throw new Refusal(`PNG: the chunk ${name} is cut off`);
      walk.chunk(name, bytes.subarray(at + 8, end), afterPixels);
      if (!afterPixels && (end + 4 > bytes.length || crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end))) {
        throw new Refusal(`PNG: the checksum of the chunk ${name} is wrong`);
      }
    }
    next = end + 4;
  }
  const name = nameAt(bytes, next);
  if (!pixels) {
    if (name === 'IEND') throw new Refusal('PNG: the file has no pixels');
    throw new Refusal(next + 8 > bytes.length ? 'PNG: the file is cut off' : 'PNG: a chunk is damaged');
  }
  // What follows the pixels may be broken; what follows the first picture of an animation does not matter.
  const another = name === 'fcTL' && next + 12 + bytes.readUInt32BE(next) <= bytes.length;
  return walk.checked(packed, name === 'IEND' || another ? undefined : next);
}

/** The file with its final chunk added if that is missing; a checksum that was cut off with it is not checked. */
export function ended(bytes: Buffer, { unended }: PngHeader): Buffer {
  if (unended === undefined || unended > bytes.length + 4) return bytes;
  const gap = Buffer.alloc(Math.max(0, unended - bytes.length));
  return Buffer.concat([bytes.subarray(0, unended), gap, Buffer.from('\0\0\0\0IEND\xae\x42\x60\x82', 'latin1')]);
}

class Walk {
  header: PngHeader | undefined;
  private colour = -1;
  private palette = false;
  private sequence: number | undefined;
  private texts = 0;
  private unpacked = 0;

  /** What must be known when the pixels begin. */
  pixels(): void {
    if (this.header === undefined) throw new Refusal('PNG: the header is missing');
    if (this.colour === PALETTE && !this.palette) throw new Refusal('PNG: the palette is missing');
  }

  /**
   * The header, once it is known how many bytes of packed pixels there are: without as many as the size takes at least, nothing need be given memory.
   */
  checked(packed: number, unended?: number): PngHeader {
    const header = this.header as PngHeader;
    const { width, height, bits } = header;
    checkSize(width, height);
    if ((width * height * bits) / 8 > (packed + 1) * MOST_UNPACKED)
      throw new Refusal('PNG: there are too few bytes for its size');
    return unended === undefined ? header : { ...header, unended };
  }

  chunk(name: string, data: Buffer, afterPixels: boolean): void {
    if (data.length < (LEAST[name] ?? 0)) throw new Refusal(`PNG: the chunk ${name} is cut off`);
    switch (name) {
      case 'IHDR':
        return this.readHeader(data, afterPixels);
      case 'PLTE':
        return afterPixels ? undefined : this.readPalette(data.length);
      case 'tRNS': {
        const least = this.colour === 0 ? 2 : this.colour === 2 ? 6 : 0;
        if (data.length < least) throw new Refusal('PNG: the chunk tRNS is cut off');
        return;
      }
      case 'iCCP':
      case 'zTXt':
      case 'iTXt':
      case 'tEXt':
        return this.readText(name, data);
      case 'fcTL':
        return this.readFrame(data, afterPixels);
      case 'fdAT':
        // Pixels of a frame come after the frame's header; those of the picture itself come first.
        if (!afterPixels || this.sequence === undefined) throw new Refusal('PNG: the frames are out of order');
        return this.follow(data);
    }
  }

  private readHeader(data: Buffer, afterPixels: boolean): void {
    const [width, height] = [data.readUInt32BE(0), data.readUInt32BE(4)];
    const [bits, colour, compression, filter, interlace] = [...data.subarray(8, 13)] as [
      number,
      number,
      number,
      number,
      number,
    ];
    if (filter !== 0) throw new Refusal('PNG: unknown filter');
    if (!afterPixels && this.header !== undefined) throw new Refusal('PNG: there are two headers');
    if (!afterPixels && compression !== 0) throw new Refusal('PNG: unknown compression');
    if (!afterPixels && interlace > 1) throw new Refusal('PNG: unknown interlacing');
    if (DEPTHS[colour]?.includes(bits) !== true)
      throw new Refusal(`PNG: ${bits} bits of colour type ${colour} are not supported`);
    this.colour = colour;
    // A second one behind the pixels says nothing of them: libpng decodes by the first.
    if (!afterPixels) this.header = { width, height, bits, gray: colour === 0, interlaced: interlace !== 0 };
  }

  /** By libpng's rules, which Pillow does not have: it takes the whole colours of the last palette. */
  private readPalette(length: number): void {
    const coloured = this.colour === 2 || this.colour === 6;
    if (coloured && length === 0) throw new Refusal('PNG: the palette is damaged');
    if (this.colour !== PALETTE) return;
    if (this.palette) throw new Refusal('PNG: there are two palettes');
    if (length === 0 || length % 3 !== 0 || length > MAX_PALETTE) throw new Refusal('PNG: the palette is damaged');
    this.palette = true;
  }

  private readFrame(data: Buffer, afterPixels: boolean): void {
    this.follow(data);
    const [width, height, left, top] = [4, 8, 12, 16].map((at) => data.readUInt32BE(at)) as [
      number,
      number,
      number,
      number,
    ];
    if (left + width > (this.header?.width ?? 0) || top + height > (this.header?.height ?? 0)) {
      throw new Refusal('PNG: a frame is larger than the image');
    }
    const whole = width === this.header?.width && height === this.header.height;
    if (!afterPixels && !whole) throw new Refusal('PNG: the first frame is not the whole image');
  }

  private follow(data: Buffer): void {
    const number = data.readUInt32BE(0);
    if (number !== (this.sequence ?? -1) + 1) throw new Refusal('PNG: the frames are out of order');
    this.sequence = number;
  }

  /** Pillow unpacks texts and profiles up to a limit; damaged ones it leaves out. */
  private readText(name: string, data: Buffer): void {
    const separator = data.indexOf(0);
    let packed: Buffer | undefined;
    if (name === 'iCCP' || name === 'zTXt') {
      if (name === 'zTXt' && (separator < 0 || separator + 1 >= data.length)) return;
      if ((data[separator + 1] ?? 1) !== 0) throw new Refusal(`PNG: unknown compression of the chunk ${name}`);
      packed = data.subarray(separator + 2);
    } else if (name === 'iTXt' && separator >= 0 && (data[separator + 1] ?? 0) !== 0 && data[separator + 2] === 0) {
      const language = data.indexOf(0, separator + 3);
      const keyword = language < 0 ? -1 : data.indexOf(0, language + 1);
      if (keyword >= 0) packed = data.subarray(keyword + 1);
    }
    let length = data.length;
    if (packed !== undefined) {
      try {
        ({ length } = inflateSync(packed, { maxOutputLength: MAX_TEXT }));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
          throw new Refusal(`PNG: the chunk ${name} unpacks to more than ${MAX_TEXT} bytes`);
        }
        length = 0;
      }
      // What is damaged may have been unpacked almost up to the limit.
      this.unpacked += length === 0 ? MAX_TEXT : length;
      if (this.unpacked > MAX_UNPACKED) throw new Refusal(`PNG: more than ${MAX_UNPACKED} bytes of compressed texts`);
    }
    if (name === 'iCCP') return;
    this.texts += length;
    if (this.texts > MAX_TEXTS) throw new Refusal(`PNG: more than ${MAX_TEXTS} bytes of text`);
  }
}
