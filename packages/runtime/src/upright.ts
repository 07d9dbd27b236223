import type { RgbImage } from '../../../lib/backend/stores';

/** The place in an image of this width and height of what an upright one has at x and y, by orientation. */
const PLACES: Readonly<Record<number, (x: number, y: number, width: number, height: number) => [number, number]>> = {
  2: (x, y, width) => [width - 1 - x, y],
  3: (x, y, width, height) => [width - 1 - x, height - 1 - y],
  4: (x, y, _, height) => [x, height - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y, _, height) => [y, height - 1 - x],
  7: (x, y, width, height) => [width - 1 - y, height - 1 - x],
  8: (x, y, width) => [width - 1 - y, x],
};

/** Orientations from this one on stand on their side. */
const ON_SIDE = 5;

/** Turns an image of this EXIF orientation upright, as lib/data/decoders/upright.ts does with sharp. */
export function upright(image: RgbImage, orientation: number): RgbImage {
  const placeOf = PLACES[orientation];
  if (placeOf === undefined) return image;
  const { width, height, data } = image;
  const [across, down] = orientation >= ON_SIDE ? [height, width] : [width, height];
  const out = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < down; y++) {
    for (let x = 0; x < across; x++, to += 3) {
      const [column, row] = placeOf(x, y, width, height);
      const from = (row * width + column) * 3;
      out[to] = data[from] as number;
      out[to + 1] = data[from + 1] as number;
      out[to + 2] = data[from + 2] as number;
    }
  }
  return { width: across, height: down, data: out };
}
