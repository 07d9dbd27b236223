import type { RgbImage } from '../../backend/types';
import { Refusal } from './refusal';

/** The first picture of a GIF: its place on the canvas, and a GIF of nothing else. */
export interface FirstFrame {
  /** Size of the whole picture. */
  width: number;
  height: number;
  left: number;
  top: number;
  frameWidth: number;
  frameHeight: number;
  /** What the canvas is around it. */
  background: [number, number, number];
  /** The frame alone, without transparency and with a palette of 256 colours. */
  file: Buffer;
}

/** Whether the content is a GIF. */
export function isGif(bytes: Buffer): boolean {
  return /^GIF8[79]a/.test(bytes.toString('latin1', 0, 6));
}

/**
 * Takes the first picture out of a GIF by the rules of Pillow's GifImagePlugin: what is transparent keeps its colour of the
 * palette, and so has the canvas that the picture does not cover.
 */
export function firstFrame(bytes: Buffer): FirstFrame {
  const cut = (): Refusal => new Refusal('GIF: the file is cut off');
  if (bytes.length < 13) throw cut();
  let [width, height] = [bytes.readUInt16LE(6), bytes.readUInt16LE(8)];
  let at = 13;
  const flags = bytes[10] ?? 0;
  let palette: Buffer | undefined;
  if (flags & 128) {
    palette = bytes.subarray(at, (at += 3 << ((flags & 7) + 1)));
  }
  let transparent: number | undefined;
  const skipBlocks = (): void => {
    while ((bytes[at] ?? 0) !== 0) at += 1 + (bytes[at] as number);
    at++;
  };
  for (;;) {
    const kind = bytes[at++];
    if (kind === undefined || kind === 0x3b) throw new Refusal('GIF: the file has no picture');
    if (kind === 0x21) {
      // A graphic control extension says which colour is transparent.
      if (bytes[at++] === 0xf9 && (bytes[at] ?? 0) >= 4 && (bytes[at + 1] ?? 0) & 1) transparent = bytes[at + 4];
      skipBlocks();
    } else if (kind === 0x2c) break;
  }
  if (at + 10 > bytes.length) throw cut();
  const [left, top, frameWidth, frameHeight] = [0, 2, 4, 6].map((i) => bytes.readUInt16LE(at + i)) as [
    number,
    number,
    number,
    number,
  ];
  const frameFlags = bytes[at + 8] ?? 0;
  at += 9;
  if (frameFlags & 128) palette = bytes.subarray(at, (at += 3 << ((frameFlags & 7) + 1)));
  width = Math.max(width, left + frameWidth);
  height = Math.max(height, top + frameHeight);
  if (frameWidth === 0 || frameHeight === 0) throw new Refusal('GIF: the picture has no pixels');

  const colours = Buffer.alloc(768);
  if (palette !== undefined) palette.copy(colours);
  else for (let i = 0; i < 768; i++) colours[i] = Math.floor(i / 3);
  const data = at;
  at++;
  skipBlocks();
  const head = Buffer.alloc(13);
  head.write('GIF89a', 'latin1');
  head.writeUInt16LE(frameWidth, 6);
  head.writeUInt16LE(frameHeight, 8);
  head[10] = 0xf7;
  const descriptor = Buffer.alloc(10);
  descriptor[0] = 0x2c;
  descriptor.writeUInt16LE(frameWidth, 5);
  descriptor.writeUInt16LE(frameHeight, 7);
  descriptor[9] = frameFlags & 64; // interlaced
  const file = Buffer.concat([head, colours, descriptor, bytes.subarray(data, at), Buffer.from([0x3b])]);
  const fill = (transparent ?? 0) * 3;
  const background = [colours[fill], colours[fill + 1], colours[fill + 2]] as [number, number, number];
  return { width, height, left, top, frameWidth, frameHeight, background, file };
}

/** Puts the decoded frame on its canvas. */
export function onCanvas(frame: FirstFrame, pixels: Uint8Array): RgbImage {
  const { width, height, left, top, frameWidth, frameHeight, background } = frame;
  if (width === frameWidth && height === frameHeight) return { width, height, data: pixels };
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i += 3) data.set(background, i);
  for (let y = 0; y < frameHeight; y++) {
    data.set(pixels.subarray(y * frameWidth * 3, (y + 1) * frameWidth * 3), ((top + y) * width + left) * 3);
  }
  return { width, height, data };
}
