import type { RgbImage } from '../../backend/types';
import { Refusal } from './refusal';

/** The first picture of a GIF. */
interface Frame {
  /** Size of the whole picture. */
  width: number;
  height: number;
  left: number;
  top: number;
  frameWidth: number;
  frameHeight: number;
  interlaced: boolean;
  /** 256 colours; those that the file has not are black. */
  palette: Uint8Array;
  /** The colour of what the frame does not cover. */
  background: number;
  /** Where the pixels begin: the bits of a code, then blocks. */
  start: number;
}

/** Bits of a code at most, and so entries of the table. */
const MAX_BITS = 12;

/** Whether the content is a GIF. */
export function isGif(bytes: Buffer): boolean {
  return /^GIF8[79]a/.test(bytes.toString('latin1', 0, 6));
}

/** Whether a palette says of each index that it is the gray of this value: Pillow takes that for none at all. */
const isGrayRamp = (colours: Buffer): boolean => colours.every((value, i) => value === Math.floor(i / 3));

/**
 * Finds the first picture of a GIF by the rules of Pillow's GifImagePlugin: what is transparent keeps its colour of the palette, and
 * so has the canvas that the picture does not cover.
 */
export function readGifFrame(bytes: Buffer): Frame {
  if (bytes.length < 13) throw cutOff();
  let at = 13;
  const table = (flags: number): Buffer | undefined => {
    const colours = bytes.subarray(at, (at += 3 << ((flags & 7) + 1)));
    return isGrayRamp(colours) ? undefined : colours;
  };
  const flags = bytes[10] ?? 0;
  const shared = flags & 128 ? table(flags) : undefined;
  let background = 0;
  for (;;) {
    const kind = bytes[at++];
    if (kind === undefined || kind === 0x3b) throw new Refusal('GIF: the file has no picture');
    if (kind === 0x2c) break;
    if (kind !== 0x21) continue;
    const label = bytes[at++];
    // A graphic control extension says which colour is transparent.
    if (label === 0xf9 && (bytes[at] ?? 0) >= 4 && (bytes[at + 1] ?? 0) & 1) background = bytes[at + 4] ?? 0;
    at = afterExtension(bytes, at, label);
  }
  if (at + 10 > bytes.length) throw cutOff();
  const [left, top, frameWidth, frameHeight] = [0, 2, 4, 6].map((i) => bytes.readUInt16LE(at + i)) as [
    number,
    number,
    number,
    number,
  ];
  const frameFlags = bytes[at + 8] ?? 0;
  at += 9;
  const colours = (frameFlags & 128 ? table(frameFlags) : undefined) ?? shared;
  const palette = Uint8Array.from({ length: 768 }, (_, i) =>
    colours === undefined ? Math.floor(i / 3) : (colours[i] ?? 0),
  );
  const width = Math.max(bytes.readUInt16LE(6), left + frameWidth);
  const height = Math.max(bytes.readUInt16LE(8), top + frameHeight);
  if (frameWidth === 0 || frameHeight === 0) throw new Refusal('GIF: the picture has no pixels');
  const interlaced = (frameFlags & 64) !== 0;
  return { width, height, left, top, frameWidth, frameHeight, interlaced, palette, background, start: at };
}

/** Bytes of the text by which an application extension says how often the pictures are shown, and which has one block more for that. */
const NETSCAPE = 'NETSCAPE2.0';

/** Where an extension ends. As with Pillow, the first block of all but a comment may be empty without being the last. */
function afterExtension(bytes: Buffer, begin: number, label: number | undefined): number {
  let at = begin;
  const block = (): number => {
    const size = bytes[at] ?? 0;
    at += 1 + size;
    return size;
  };
  let size = block();
  if (label === 0xff && bytes.toString('latin1', begin + 1, begin + 1 + size).startsWith(NETSCAPE)) block();
  if (label !== 0xfe) size = block();
  while (size > 0) size = block();
  return at;
}

/**
 * Decodes the first picture of a GIF. libvips would leave out what is transparent, and draw what is missing.
 *
 * @throws Error where pixels are missing or codes are damaged
 */
export function decodeGif(bytes: Buffer): RgbImage {
  const frame = readGifFrame(bytes);
  const { width, height, left, top, frameWidth, frameHeight, palette } = frame;
  // First, for a damaged file may say that it is of any size.
  const indices = unpack(bytes, frame.start, frameWidth * frameHeight);
  const data = new Uint8Array(width * height * 3);
  if (frameWidth !== width || frameHeight !== height) {
    Buffer.from(data.buffer).fill(palette.subarray(frame.background * 3, frame.background * 3 + 3));
  }
  let from = 0;
  for (const [first, step] of frame.interlaced ? INTERLACED : [[0, 1] as const]) {
    for (let y = first; y < frameHeight; y += step) {
      let to = ((top + y) * width + left) * 3;
      for (let x = 0; x < frameWidth; x++) {
        const colour = (indices[from++] as number) * 3;
        data[to++] = palette[colour] as number;
        data[to++] = palette[colour + 1] as number;
        data[to++] = palette[colour + 2] as number;
      }
    }
  }
  return { width, height, data };
}

/** First row and distance of the passes of an interlaced picture (GIF89a, appendix E). */
const INTERLACED = [
  [0, 8],
  [4, 8],
  [2, 4],
  [1, 2],
] as const;

/** GIF's LZW (GIF89a, appendix F), as strict as Pillow: a block must be whole, and no code may be ahead of the table. */
function unpack(bytes: Buffer, start: number, count: number): Uint8Array {
  const bits = bytes[start] ?? 0;
  if (bits > MAX_BITS) throw new Refusal('GIF: the pixels are damaged');
  const clear = 1 << bits;
  const size = 1 << MAX_BITS;
  const suffix = new Uint8Array(size);
  const prefix = new Uint16Array(size);
  const text = new Uint8Array(size + 1);
  const out = new Uint8Array(count);
  let at = start + 1;
  let block = 0;
  let held = 0;
  let heldBits = 0;
  let next = clear + 2;
  let width = bits + 1;
  let previous = -1;
  let first = 0;
  for (let done = 0; done < count;) {
    while (heldBits < width) {
      if (block === 0) {
        block = bytes[at++] ?? size;
        if (at + block > bytes.length) throw cutOff();
        continue;
      }
      held |= (bytes[at++] as number) << heldBits;
      heldBits += 8;
      block--;
    }
    const code = held & ((1 << width) - 1);
    held >>>= width;
    heldBits -= width;
    if (code === clear) {
      [next, width, previous] = [clear + 2, bits + 1, -1];
      continue;
    }
    if (code === clear + 1) throw cutOff();
    if (previous < 0) {
      if (code > clear) throw new Refusal('GIF: the pixels are damaged');
      first = previous = code;
      out[done++] = code;
      continue;
    }
    if (code > next) throw new Refusal('GIF: the pixels are damaged');
    // From the end of the text to its beginning.
    let length = 0;
    let rest = code;
    if (code === next) {
      text[length++] = first;
      rest = previous;
    }
    while (rest >= clear) {
      if (rest >= size || length > size) throw new Refusal('GIF: the pixels are damaged');
      text[length++] = suffix[rest] as number;
      rest = prefix[rest] as number;
    }
    first = text[length++] = rest;
    if (next < size) {
      suffix[next] = first;
      prefix[next] = previous;
      if (next === (1 << width) - 1 && width < MAX_BITS) width++;
      next++;
    }
    previous = code;
    while (length > 0 && done < count) out[done++] = text[--length] as number;
  }
  return out;
}

function cutOff(): Refusal {
  return new Refusal('GIF: the file is cut off');
}
