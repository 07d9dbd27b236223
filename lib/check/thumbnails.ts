import sharp from 'sharp';
import { decodeImage } from '../data/decode';
import { withRoomFor } from '../data/decode-budget';
import { readAll } from '../data/read-all';
import { ResnetFtError, throwIfAborted } from '../errors';
import { CHECK_STOPPED } from './walk';

/** Longest side in pixels, and quality: some 5 KB each. */
const SIDE = 176;
const QUALITY = 60;

/** A small WebP of an image. */
export interface Thumbnail {
  bytes: Buffer;
  width: number;
  height: number;
}

/** Small pictures of files as training sees them, that is, not turned by EXIF; those that can't be decoded have none. */
export async function thumbnails(
  files: readonly string[],
  control: { signal: AbortSignal; onProgress: (done: number, total: number) => void },
): Promise<Map<string, Thumbnail>> {
  const made = new Map<string, Thumbnail>();
  try {
    await readAll(files, control, async (file) => {
      const { width, height, data } = await decodeImage(file);
      const small = () =>
        sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
          .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
          .webp({ quality: QUALITY })
          .toBuffer({ resolveWithObject: true });
      const { data: bytes, info } = await withRoomFor(data.length, small);
      made.set(file, { bytes, width: info.width, height: info.height });
    });
  } catch (error) {
    if (error instanceof ResnetFtError && error.code === 'ABORTED') throwIfAborted(control.signal, CHECK_STOPPED);
    throw error;
  }
  return made;
}
