import { tooLargeToResize } from '../backend/resized-size';
import type { RgbImage } from '../backend/types';
import { ResnetFtError } from '../errors';
import type { Geometry } from '../options';
import { decodeImage } from './decode';

/**
 * Decodes an image of which there is such a crop. What a backend says afterwards is of the run (memory, disk), not of the image.
 *
 * @param input path of a file, or its content
 * @param name for the error; that of the file where left out
 * @throws ResnetFtError `IMAGE_UNREADABLE`, with the file and the cause in one line
 */
export async function decodeResizable(
  input: string | Uint8Array,
  options: Geometry,
  name = typeof input === 'string' ? input : undefined,
): Promise<RgbImage> {
  const image = await decodeImage(input, name, options.exifRotate);
  const reason = tooLargeToResize(image, options);
  if (reason === undefined) return image;
  throw new ResnetFtError('IMAGE_UNREADABLE', `${name ?? '(image in memory)'}: ${reason}`);
}
