import type { RgbImage } from '../../lib/backend/types';
import { madeImage } from '../backend/images';

type Color = (x: number, y: number) => [number, number, number];

function byPixel(width: number, height: number, color: Color): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(color(x, y), (y * width + x) * 3);
  return { width, height, data };
}

/** The images of which vectors.json says what torchvision makes; make-vectors.py makes the same ones. */
export const IMAGES: Readonly<Record<string, RgbImage>> = {
  noise: madeImage(61, 47),
  smooth: byPixel(64, 64, (x, y) => [x * 3 + y, (x * x + 2 * y) >> 3, 255 - x - 3 * y]),
  colors: byPixel(256, 256, (x, y) => [x, y, x * 7 + y * 13]),
  narrow: byPixel(50, 40, (x, y) => [60 + x, 90 + Math.floor((x * y) / 40), 200 - y]),
  flat: byPixel(9, 7, () => [200, 17, 0]),
  lean: madeImage(2, 30),
};
