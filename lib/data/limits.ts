import { Refusal } from './decoders/refusal';

/** Pillow's limit: above twice its MAX_IMAGE_PIXELS it takes an image for a decompression bomb. */
export const MAX_PIXELS = 2 * Math.floor(1024 ** 3 / 4 / 3);

/** Refuses sizes that no image has, before memory is taken for them. */
export function checkSize(width: number, height: number): void {
  if (!(width > 0 && height > 0)) throw new Refusal(`the image has no pixels (${width} x ${height})`);
  if (width * height > MAX_PIXELS) {
    throw new Refusal(`the image is too large (${width} x ${height}; ${MAX_PIXELS} pixels are allowed)`);
  }
}
