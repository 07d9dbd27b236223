import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { mulberry32 } from '../../lib/data/draw';

/** A picture of soft colours that looks like no other. */
export function picture(seed: number, width = 320, height = 240): sharp.Sharp {
  const random = mulberry32(seed * 7919 + 1);
  const data = Uint8Array.from({ length: 8 * 6 * 3 }, () => Math.floor(random() * 256));
  return sharp(data, { raw: { width: 8, height: 6, channels: 3 } }).resize(width, height, {
    fit: 'fill',
    kernel: 'cubic',
  });
}

/** Writes a file and the folders above it. */
export function put(file: string, content: Buffer | string): string {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  return file;
}

/** Writes so many pictures, numbered from `first` on. */
export async function fill(folder: string, first: number, count: number): Promise<void> {
  for (let i = first; i < first + count; i++) put(path.join(folder, `${i}.jpg`), await picture(i).jpeg().toBuffer());
}

/** A data set without a fault: two classes, as many images as there should be. */
export async function soundData(folder: string): Promise<string> {
  let first = 0;
  for (const [split, count] of [
    ['train', 10],
    ['val', 5],
  ] as const) {
    for (const name of ['ants', 'bees']) {
      await fill(path.join(folder, split, name), first, count);
      first += count;
    }
  }
  return folder;
}

/** A JPEG whose decoder complains of a bad code, and goes on, as Pillow does. */
export async function warned(seed: number): Promise<Buffer> {
  const bytes = await sharp({ create: { width: 300, height: 240, channels: 3, background: '#a53' } })
    .composite([{ input: await picture(seed, 200, 100).png().toBuffer(), top: 10, left: 20 }])
    .jpeg()
    .toBuffer();
  for (let i = bytes.length - 60; i < bytes.length - 40; i++) bytes[i] = (bytes[i] ?? 0) ^ 0x55;
  return bytes;
}
