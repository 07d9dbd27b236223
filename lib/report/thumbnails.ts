import sharp from 'sharp';
import { decodeImage } from '../data/decode';
import { jpegHeader } from '../data/decoders/jpeg';
import { readRegularFile } from '../files/regular-file';

/** Pictures that are made at the same time. */
const AT_ONCE = 4;

/** Makes small pictures of images, for as long as there is time. */
export class Thumbnails {
  private readonly made = new Map<string, Promise<Buffer | undefined>>();
  private readonly end: number;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param seconds after which no more are begun, so that a report never takes long */
  constructor(seconds: number) {
    this.end = performance.now() + seconds * 1000;
  }

  /** The middle of an image as a square, WebP; undefined where it can't be read, or time is up. */
  of(file: string, side: number): Promise<Buffer | undefined> {
    const key = `${side} ${file}`;
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const making = this.inTurn(() =>
      performance.now() > this.end ? Promise.resolve(undefined) : squareOf(file, side),
    );
    this.made.set(key, making);
    return making;
  }

  private async inTurn<T>(make: () => Promise<T>): Promise<T> {
    if (this.running >= AT_ONCE) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running++;
    try {
      return await make();
    } finally {
      this.running--;
      this.waiting.shift()?.();
    }
  }
}

/** WebP of RGB bytes. */
export const webpOf = (data: Uint8Array, width: number, height: number, side: number): Promise<Buffer> =>
  encoded(sharp(data, { raw: { width, height, channels: 3 } }), side);

const encoded = (image: sharp.Sharp, side: number): Promise<Buffer> =>
  image.resize(side, side, { fit: 'cover' }).webp({ quality: 70, effort: 3 }).toBuffer();

async function squareOf(file: string, side: number): Promise<Buffer | undefined> {
  try {
    const bytes = await readRegularFile(file);
    // A photograph is decoded no larger than it is needed; whatever else sharp would open by itself is not for it.
    if (jpegHeader(bytes)?.progressive === false) return await encoded(sharp(bytes).toColourspace('srgb'), side);
  } catch {
    // Of JPEGs sharp reads fewer than we do.
  }
  try {
    const { data, width, height } = await decodeImage(file);
    return await webpOf(data, width, height, side);
  } catch {
    return undefined;
  }
}
