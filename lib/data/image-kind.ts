import { isBmp } from './decoders/bmp';
import { isGif } from './decoders/gif';
import { isJpeg } from './decoders/jpeg';
import { planOf } from './decoders/plan';
import { isPng } from './decoders/png';
import { isPnm } from './decoders/pnm';
import { isTiff } from './decoders/tiff/ifd';
import { isWebp } from './decoders/webp';

/** The usual extension of an image of this content, such as `.jpg`; undefined where it is of no format that is read. */
export function extensionOf(bytes: Buffer): string | undefined {
  if (isJpeg(bytes)) return '.jpg';
  if (isPng(bytes)) return '.png';
  if (isTiff(bytes)) return '.tif';
  if (isBmp(bytes)) return '.bmp';
  if (isPnm(bytes)) return '.ppm';
  if (isGif(bytes)) return '.gif';
  return isWebp(bytes) ? '.webp' : undefined;
}

/** Width times height, by the header; undefined where it can't be read. */
export async function pixelsOf(bytes: Buffer): Promise<number | undefined> {
  try {
    const { width, height } = await planOf(bytes);
    return width * height;
  } catch {
    return undefined;
  }
}
