import sharp from 'sharp';
import type { RgbImage } from '../backend/types';
import { CropCache } from '../data/crop-cache';
import { decodeImage, readImage } from '../data/decode';
import { withRoomFor } from '../data/decode-budget';
import { orientationOf } from '../data/decoders/orientation';
import { withoutName } from '../data/reason';
import type { ResnetFtError } from '../errors';
import { formatOf, type Format } from './format';
import { mendUnreadable, type Mend } from './no-image';
import { contrastOf, GREY_SIDE, lookOf, turned, type Look } from './perceptual-hash';

/** What an image's file is, read and decoded once. */
export interface Inspected {
  /** SHA-256 of the file; undefined where it can't be read. */
  bytes?: string;
  format?: Format | undefined;
  /** Why it can't be decoded. */
  unreadable?: string;
  /** The line that would mend that, or is for a person to decide on. */
  mend?: Mend;
  /** What the decoder complained of, where it went on. */
  warning?: string;
  /** Of the decoded image as it is stored. */
  width: number;
  height: number;
  /** SHA-256 of size and pixels: what is decoded to the same bytes is the same image to training, though its file may hold more. */
  pixels?: string;
  /** EXIF orientation, 1 where it is upright. */
  orientation: number;
  /** Standard deviation of grey values, 0..127. */
  contrast: number;
  look?: Look;
}

const NOTHING = { width: 0, height: 0, orientation: 1, contrast: 0 };

/** Reads, decodes and hashes one file; what is wrong with it is in the result. */
export async function inspect(file: string): Promise<Inspected> {
  let content: Buffer;
  try {
    content = await readImage(file);
  } catch (error) {
    const unreadable = reasonOf(error, file);
    return { ...NOTHING, unreadable, mend: await mendUnreadable(undefined, unreadable) };
  }
  const known = { bytes: await sha256(content), format: formatOf(content) };
  const decoded = await decodeCarefully(content, file);
  if (typeof decoded === 'string') {
    return { ...NOTHING, ...known, unreadable: decoded, mend: await mendUnreadable(content, decoded) };
  }
  const { image, warning } = decoded;
  const { width, height, data } = image;
  const orientation = orientationOf(content);
  const grey = turned(await greyOf(image), orientation);
  return {
    ...known,
    ...(warning === undefined ? {} : { warning }),
    ...{ width, height, orientation },
    pixels: `${width} ${height} ${await sha256(data)}`,
    contrast: contrastOf(grey),
    look: lookOf(grey),
  };
}

/** The image, with what the decoder complained of; or why there is none. */
async function decodeCarefully(content: Buffer, file: string): Promise<{ image: RgbImage; warning?: string } | string> {
  try {
    return { image: await decodeImage(content, file, false, 'warning') };
  } catch (strict) {
    try {
      return { image: await decodeImage(content, file), warning: reasonOf(strict, file) };
    } catch (error) {
      return reasonOf(error, file);
    }
  }
}

/** All of the image, out of shape, as it is stored. Not while an image is decoded alone: libvips has one place for the errors of all. */
async function greyOf({ width, height, data }: RgbImage): Promise<Uint8Array> {
  return withRoomFor(data.length, () =>
    sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
      .greyscale()
      .resize(GREY_SIDE, GREY_SIDE, { fit: 'fill' })
      .raw()
      .toBuffer(),
  );
}

/** Half of the digest: for files to be equal by chance there would have to be billions of billions. */
async function sha256(bytes: Uint8Array): Promise<string> {
  return (await CropCache.key(bytes)).slice(0, 16);
}

const reasonOf = (error: unknown, file: string): string => withoutName((error as ResnetFtError).message, file);
