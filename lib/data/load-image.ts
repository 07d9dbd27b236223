import { resizeAndCrop } from '../backend/js/resize';
import { tryBackend } from '../backend/registry';
import type { RgbImage } from '../backend/types';
import { rejectOption } from '../options';
import { decodeResizable } from './resizable';

/** How {@link loadImage} prepares an image; each step is optional. */
export interface LoadImageOptions {
  /** The short side becomes this many pixels, as torchvision's Resize does it. */
  resize?: number;
  /** Side of the centre square to keep, as torchvision's CenterCrop does it. */
  crop?: number;
}

/** Pixels of a side at most. */
const LARGEST = 16384;

/**
 * Decodes an image and, where asked to, resizes and crops it: the very bytes that torchvision and Pillow give.
 *
 * @param input path of a file, or its content
 * @throws ResnetFtError `IMAGE_UNREADABLE` where it can't be decoded or would be too large, `INVALID_OPTION` for an impossible size
 */
export async function loadImage(input: string | Uint8Array, options: LoadImageOptions = {}): Promise<RgbImage> {
  const { resize = 0, crop = 0 } = options;
  for (const [name, value] of Object.entries({ resize, crop })) {
    const good = Number.isInteger(value) && value >= 0 && value <= LARGEST;
    if (!good) rejectOption(`an integer of at least 0 and at most ${LARGEST}`, name, value);
  }
  const image = await decodeResizable(input, { resize, crop });
  if (resize === 0 && crop === 0) return image;
  // Every backend gives the same bytes: the native one only does not block the event loop.
  const { backend } = await tryBackend('native');
  if (backend !== undefined) return backend.resizeCrop({ ...image, lent: true }, { resize, crop });
  return resizeAndCrop(image, { resize, crop });
}
