import type { RgbImage } from '../../../lib/backend/stores';
import { ResnetFtError } from '../../../lib/errors';
import type { Pixels } from './api';

/** Whether an image is given as pixels. */
export function isPixels(input: unknown): input is Pixels {
  return typeof input === 'object' && input !== null && 'width' in input && 'height' in input && 'data' in input;
}

/**
 * Pixels without their alpha, which is passed over as Pillow's `convert('RGB')` does.
 *
 * @throws ResnetFtError IMAGE_UNREADABLE where there are more or fewer bytes than pixels
 */
export function rgbOf({ width, height, data }: Pixels): RgbImage {
  const area = width * height;
  const channels = data.length / area;
  if (!(Number.isInteger(width) && Number.isInteger(height) && area > 0 && (channels === 3 || channels === 4))) {
    const size = `${width} x ${height} pixels and ${data.length} bytes`;
    throw new ResnetFtError('IMAGE_UNREADABLE', `(image in memory): ${size} don't go together: each pixel has 3 or 4`);
  }
  if (channels === 3) return { width, height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  const out = new Uint8Array(area * 3);
  for (let from = 0, to = 0; to < out.length; from += 4, to += 3) {
    out[to] = data[from] as number;
    out[to + 1] = data[from + 1] as number;
    out[to + 2] = data[from + 2] as number;
  }
  return { width, height, data: out };
}
