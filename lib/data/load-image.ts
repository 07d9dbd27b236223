import { resizeAndCrop } from '../backend/js/resize';
import { tryBackend } from '../backend/registry';
import type { RgbImage } from '../backend/types';
import { FITS, INTERPOLATIONS, oneOf, rejectOption, requireOptions, type Fitting } from '../options';
import { decodeResizable } from './resizable';
import { requireImage } from './require-image';

/**
 * How {@link loadImage} prepares an image; each step is optional. The `preprocessing` of a model is such options. `fit`, of `crop`, says
 * how the square is made.
 */
export interface LoadImageOptions extends Fitting {
  /** The short side becomes this many pixels, as torchvision's Resize does it; counts only where the image is cropped. */
  resize?: number | undefined;
  /** Side of the square to keep, or to make as `fit` says; that of the centre, as torchvision's CenterCrop does it, where it does not. */
  crop?: number | undefined;
  /** Whether the image is first turned as its EXIF orientation says; default no. */
  exifRotate?: boolean | undefined;
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
  requireOptions(options, 'the options of loadImage');
  requireImage(input);
  const { resize = 0, crop = 0, fit = 'crop', interpolation = 'bilinear', exifRotate } = options;
  for (const [name, value] of Object.entries({ resize, crop })) {
    const good = Number.isInteger(value) && value >= 0 && value <= LARGEST;
    if (!good) rejectOption(`an integer of at least 0 and at most ${LARGEST}`, name, value);
  }
  if (!FITS.includes(fit)) rejectOption(oneOf(FITS), 'fit', fit);
  if (!INTERPOLATIONS.includes(interpolation)) rejectOption(oneOf(INTERPOLATIONS), 'interpolation', interpolation);
  if (fit !== 'crop' && crop === 0) rejectOption(`an integer of at least 1 with fit ${fit}`, 'crop', crop);
  if (exifRotate !== undefined && typeof exifRotate !== 'boolean') {
    rejectOption('true or false', 'exifRotate', exifRotate);
  }
  const how = { resize, crop, fit, interpolation };
  const image = await decodeResizable(input, { ...how, exifRotate });
  if (resize === 0 && crop === 0) return image;
  // Every backend gives the same bytes: the native one only does not block the event loop.
  const { backend } = await tryBackend('native', 'cpu');
  if (backend !== undefined) return backend.resizeCrop({ ...image, lent: true }, how);
  return resizeAndCrop(image, how);
}
