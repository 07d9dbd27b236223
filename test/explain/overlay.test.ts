import sharp from 'sharp';
import type { RgbImage } from '../../lib/backend/types';
import { resizeAndCrop } from '../../lib/backend/js/resize';
import { COLORS } from '../../lib/grad-cam/color-map';
import { cropBox } from '../../lib/grad-cam/crop-box';
import { cropOverlay, overlay, sideBySide } from '../../lib/grad-cam/overlay';
import { PREPROCESSING, type Fitting } from '../../lib/options';

function filled(width: number, height: number, value: number): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3).fill(value) };
}

const map = { values: Float32Array.of(1, 0, 0, 0), width: 2, height: 2 };
const pixel = ({ data, width }: RgbImage, x: number, y: number): number[] => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];
const color = (value: number): number[] => [...COLORS.subarray(value * 3, value * 3 + 3)];
const half = (own: number, mixed: readonly number[]): number[] => mixed.map((c) => Math.floor(own / 2 + c / 2));

async function decoded(png: Buffer): Promise<RgbImage> {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(3);
  return { width: info.width, height: info.height, data };
}

test('the colours become lighter all the way', () => {
  expect(COLORS).toHaveLength(768);
  const lightness = Array.from({ length: 256 }, (_, i) => {
    const [r = 0, g = 0, b = 0] = color(i);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  });
  lightness.slice(1).forEach((value, i) => expect(value).toBeGreaterThan((lightness[i] ?? 0) - 1));
  expect([color(0), color(255)]).toEqual([
    [0, 0, 4],
    [252, 255, 164],
  ]);
});

test('a map lies on its part of the image, and what is beyond is darker', () => {
  const made = overlay(filled(40, 20, 200), map, { left: 10, top: 0, width: 20, height: 20 });
  expect(pixel(made, 10, 0)).toEqual(half(200, color(255)));
  expect(pixel(made, 29, 19)).toEqual(half(200, color(0)));
  for (const x of [0, 9, 30, 39]) expect(pixel(made, x, 10)).toEqual([70, 70, 70]);
  // Halfway between the middles of the map's cells.
  expect(Math.abs((pixel(made, 20, 2)[0] ?? 0) - (half(200, color(121))[0] ?? 0))).toBeLessThan(6);
});

test('a map may reach beyond the image, and a part may be smaller than a pixel', () => {
  expect(overlay(filled(4, 2, 90), map, { left: 0, top: -1, width: 4, height: 4 }).height).toBe(2);
  expect(pixel(overlay(filled(4, 2, 90), map, { left: 0.1, top: 0, width: 0.2, height: 2 }), 0, 0)).toEqual([
    31, 31, 31,
  ]);
});

test('pictures have the image and the overlay beside it, in a size to look at', async () => {
  const shape = async (width: number, height: number): Promise<number[]> => {
    const image = filled(width, height, 120);
    const made = await decoded(await sideBySide(image, map, cropBox(image, PREPROCESSING)));
    return [made.width, made.height];
  };
  expect(await shape(500, 300)).toEqual([1008, 300]);
  expect(await shape(4000, 2000)).toEqual([1288, 320]);
  expect(await shape(32, 32)).toEqual([648, 320]);
  expect(await shape(1, 9000)).toEqual([10, 640]);
  const image = filled(500, 300, 120);
  const made = await decoded(await sideBySide(image, map, cropBox(image, PREPROCESSING)));
  expect(pixel(made, 499, 150)).toEqual([120, 120, 120]);
  expect(pixel(made, 503, 150)).toEqual([255, 255, 255]);
  expect(pixel(made, 509, 150)).toEqual([42, 42, 42]);
  expect(pixel(made, 758, 150)).not.toEqual([42, 42, 42]);
});

test('the square alone, in another size too', async () => {
  const small = await decoded(await cropOverlay(filled(224, 224, 100), map));
  expect([small.width, pixel(small, 0, 0)]).toEqual([224, half(100, color(255))]);
  const large = await decoded(await cropOverlay(filled(224, 224, 100), map, 96));
  expect([large.width, large.height]).toEqual([96, 96]);
});

// A white spot of the image is found in the square where the box says that it is.
test.each<[string, number, number, Fitting]>([
  ['wide', 400, 250, {}],
  ['high', 250, 400, {}],
  ['small', 100, 140, {}],
  ['padded', 400, 250, { fit: 'pad' }],
  ['stretched', 400, 250, { fit: 'stretch' }],
])('the box of a %s image is what the network sees of it', async (_name, width, height, fitting) => {
  const geometry = { resize: 256, crop: 224, ...fitting };
  const box = cropBox({ width, height }, geometry);
  const image = filled(width, height, 0);
  const [x, y] = [Math.round(width * 0.6), Math.round(height * 0.45)];
  for (let dy = 0; dy < 8; dy++) {
    for (let dx = 0; dx < 8; dx++)
      image.data.fill(255, ((y + dy) * width + x + dx) * 3, ((y + dy) * width + x + dx) * 3 + 3);
  }
  const square = await resizeAndCrop(image, geometry);
  let [sum, across, down] = [0, 0, 0];
  for (let i = 0; i < 224 * 224; i++) {
    const value = square.data[i * 3] ?? 0;
    sum += value;
    across += value * ((i % 224) + 0.5);
    down += value * (Math.floor(i / 224) + 0.5);
  }
  expect(Math.abs(across / sum - ((x + 4 - box.left) / box.width) * 224)).toBeLessThan(0.6);
  expect(Math.abs(down / sum - ((y + 4 - box.top) / box.height) * 224)).toBeLessThan(0.6);
});
