import { containedSize, resizedSize, roundHalfToEven, type Size } from '../backend/resized-size';
import type { Geometry } from '../options';

/** Part of an image in its own pixels, which may be fractions; where the square is padded it reaches beyond the image. */
export interface CropBox {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The part of an image that becomes the square which the network sees. */
export function cropBox(image: Size, { resize, crop, fit = 'crop' }: Geometry): CropBox {
  if (fit === 'stretch') return { left: 0, top: 0, ...image };
  const size = fit === 'pad' ? containedSize(image, crop) : resizedSize(image, resize);
  const across = span(image.width, size.width, crop);
  const down = span(image.height, size.height, crop);
  return { left: across.begin, top: down.begin, width: across.length, height: down.length };
}

/** Where `crop` pixels around the middle of a side that was resized to `resized` begin in the image, and how long they are there. */
function span(side: number, resized: number, crop: number): { begin: number; length: number } {
  const scale = side / Math.max(resized, 1);
  return { begin: roundHalfToEven((resized - crop) / 2) * scale, length: crop * scale };
}
