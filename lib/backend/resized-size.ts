import type { Interpolation } from '../options';
import type { CropOptions, RgbImage } from './types';

/** What Pillow's table of weights may take: eight bytes for each weight of each output pixel (Resample.c, precompute_coeffs). */
const MOST_TABLE_BYTES = 2 ** 31 - 1;

/** Pixels of the largest result, as many as the largest crop has: 805 MB. */
const MOST_PIXELS = 16384 * 16384;

export type Size = Pick<RgbImage, 'width' | 'height'>;

/** Half the width of each filter, in its own unit: a pixel, or as many as become one. */
export const REACH: Readonly<Record<Interpolation, number>> = { bilinear: 1, bicubic: 2 };

/** torchvision's Resize: the short side becomes `resize`, the long one `int(resize * long / short)`; 0 leaves both. */
export function resizedSize({ width, height }: Size, resize: number): Size {
  if (resize <= 0) return { width, height };
  return width <= height
    ? { width: resize, height: Math.floor((resize * height) / width) }
    : { width: Math.floor((resize * width) / height), height: resize };
}

/**
 * Why there is no such crop of an image: resized it would be larger than any image that Pillow makes, so that there are no bytes for
 * ours to be equal to; or, where all of it is wanted, larger than memory should hold. Crops of what Pillow could make are
 * made whatever its size, for only their own pixels are computed. The same rule as in native/core/resize.cpp.
 *
 * @returns the reason, without a file's name; undefined where the crop can be made
 */
export function tooLargeToResize(image: Size, options: CropOptions): string | undefined {
  const { resize, crop, fit = 'crop', interpolation = 'bilinear' } = options;
  if (fit === 'crop' && resize <= 0) return undefined;
  const { width, height } = fit === 'crop' ? resizedSize(image, resize) : { width: crop, height: crop };
  const fits = hasWeights(image.width, width, interpolation) && hasWeights(image.height, height, interpolation);
  if (fits && (crop > 0 || width * height <= MOST_PIXELS)) return undefined;
  return `the image is ${image.width} x ${image.height}: resized to ${width} x ${height} it is too large`;
}

function hasWeights(inSize: number, outSize: number, interpolation: Interpolation): boolean {
  const window = Math.ceil(REACH[interpolation] * Math.max(scaleOf(inSize, outSize), 1)) * 2 + 1;
  return outSize * window * 8 <= MOST_TABLE_BYTES;
}

/** Pillow's ImageOps.contain: what `ImageOps.pad` makes of an image before it is padded; a thin strip may have no lines left. */
export function containedSize({ width, height }: Size, side: number): Size {
  if (width > height) return { width: side, height: roundHalfToEven((height / width) * side) };
  return { width: width < height ? roundHalfToEven((width / height) * side) : side, height: side };
}

/** Python's round. */
export function roundHalfToEven(value: number): number {
  const down = Math.floor(value);
  const over = value - down;
  return over > 0.5 || (over === 0.5 && down % 2 !== 0) ? down + 1 : down;
}

/** Input pixels per output pixel. Pillow hands the size over as a float, which counts every pixel of up to 16 million. */
export function scaleOf(inSize: number, outSize: number): number {
  return Math.fround(inSize) / outSize;
}
