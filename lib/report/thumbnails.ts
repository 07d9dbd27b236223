import sharp from 'sharp';
import { decodeImage, readImage } from '../data/decode';
import { jpegHeader } from '../data/decoders/jpeg';
import { orientationOf } from '../data/decoders/orientation';
import { turned } from '../data/decoders/upright';
import { withoutName } from '../data/reason';

/** Pictures that are made at the same time. */
const AT_ONCE = 4;

/** Makes small pictures of images, for as long as there is time. */
export class Thumbnails {
  /** By file, why there is no picture of it. */
  readonly missing = new Map<string, string>();
  private readonly made = new Map<string, Promise<Buffer | undefined>>();
  private readonly end: number;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /**
   * @param seconds after which no more are begun, so that a report never takes long
   * @param exifRotate whether images are turned as their EXIF orientation says, as the network sees them
   */
  constructor(
    private readonly seconds: number,
    private readonly exifRotate = false,
  ) {
    this.end = performance.now() + seconds * 1000;
  }

  /** The middle of an image as a square, WebP; undefined where it can't be read, or time is up: {@link missing} says so then. */
  of(file: string, side: number): Promise<Buffer | undefined> {
    const key = `${side} ${file}`;
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const making = this.inTurn(() => this.make(file, side));
    this.made.set(key, making);
    return making;
  }

  private async make(file: string, side: number): Promise<Buffer | undefined> {
    try {
      if (performance.now() > this.end) throw new Error(`making the others took longer than ${this.seconds} s`);
      return await squareOf(file, side, this.exifRotate);
    } catch (error) {
      this.missing.set(file, withoutName((error as Error).message, file));
      return undefined;
    }
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

const encoded = (image: sharp.Sharp, side: number): Promise<Buffer> => asWebp(middle(image, side));

const middle = (image: sharp.Sharp, side: number): sharp.Sharp => image.resize(side, side, { fit: 'cover' });

const asWebp = (image: sharp.Sharp): Promise<Buffer> => image.webp({ quality: 70, effort: 3 }).toBuffer();

/** The middle of a photograph, decoded no larger than it is needed; turned by our own reader, for sharp's tells other orientations of odd files. */
async function squareOfJpeg(bytes: Buffer, side: number, exifRotate: boolean): Promise<Buffer> {
  const square = middle(sharp(bytes).toColourspace('srgb'), side);
  const orientation = exifRotate ? orientationOf(bytes) : 1;
  if (orientation === 1) return asWebp(square);
  const { data, info } = await square.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return asWebp(turned(sharp(data, { raw: { width, height, channels } }), orientation));
}

async function squareOf(file: string, side: number, exifRotate: boolean): Promise<Buffer> {
  // Asked twice: what passes, as too many open files, need not cost a picture.
  const bytes = await readImage(file).catch(() => readImage(file));
  try {
    // Whatever else sharp would open by itself is not for it.
    if (jpegHeader(bytes)?.progressive === false) return await squareOfJpeg(bytes, side, exifRotate);
  } catch {
    // Of JPEGs sharp reads fewer than we do.
  }
  const { data, width, height } = await decodeImage(bytes, file, exifRotate);
  return webpOf(data, width, height, side);
}
