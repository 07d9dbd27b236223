import sharp from 'sharp';
import type { Size } from '../backend/resized-size';
import type { RgbImage } from '../backend/types';
import { COLORS } from './color-map';
import type { CropBox } from './crop-box';
import { sampled, type GridMap } from './upsample';

/** Share of the colours where an image is mixed with them; as in the authors' figures, half. */
const COLORED = 0.5;
/** What is left of the brightness of what the network did not see. */
const UNSEEN = 0.35;
/** Pixels between two images side by side. */
const GAP = 8;
/** Pixels of the longer side of an image that is shown: more, or fewer, are made so many. */
const LONGEST = 640;
const SHORTEST = 320;

/** Mixes a map into the part `box` of an image, in colours; what is beyond the box becomes darker. */
export function overlay(image: RgbImage, map: GridMap, box: CropBox): RgbImage {
  const { width, height } = image;
  const data = image.data.map((value) => value * UNSEEN);
  const columns = middlesWithin(box.left, box.width, width);
  const rows = middlesWithin(box.top, box.height, height);
  const { values } = sampled(map, columns.places, rows.places);
  let next = 0;
  for (let row = 0; row < rows.places.length; row++) {
    for (let column = 0; column < columns.places.length; column++) {
      const color = Math.round((values[next++] ?? 0) * 255) * 3;
      const at = ((rows.first + row) * width + columns.first + column) * 3;
      for (let c = 0; c < 3; c++) {
        data[at + c] = (image.data[at + c] ?? 0) * (1 - COLORED) + (COLORS[color + c] ?? 0) * COLORED;
      }
    }
  }
  return { width, height, data };
}

/** The pixels of `size` whose middles are in the part of `length` from `begin` on, and where in it they are, 0 to 1. */
function middlesWithin(begin: number, length: number, size: number): { first: number; places: number[] } {
  const first = Math.max(Math.ceil(begin - 0.5), 0);
  const end = Math.min(Math.ceil(begin + length - 0.5), size);
  const count = Math.max(end - first, 0);
  return { first, places: Array.from({ length: count }, (_, i) => (first + i + 0.5 - begin) / length) };
}

/**
 * The overlay on the square that the network saw, as a PNG.
 *
 * @param side of the PNG in pixels; default that of the square
 */
export async function cropOverlay(crop: RgbImage, map: GridMap, side = crop.width): Promise<Buffer> {
  const image = await resized(crop, { width: side, height: side });
  return png(overlay(image, map, { left: 0, top: 0, width: side, height: side }));
}

/** The image, and beside it the image with the overlay on what the network saw of it, as a PNG whose halves have 320 to 640 pixels. */
export async function sideBySide(image: RgbImage, map: GridMap, box: CropBox): Promise<Buffer> {
  const longer = Math.max(image.width, image.height);
  const scale = Math.min(Math.max(longer, SHORTEST), LONGEST) / longer;
  const length = (side: number): number => Math.max(Math.round(side * scale), 1);
  const shown = await resized(image, { width: length(image.width), height: length(image.height) });
  const [x, y] = [shown.width / image.width, shown.height / image.height];
  const scaled = { left: box.left * x, top: box.top * y, width: box.width * x, height: box.height * y };
  return png(beside(shown, overlay(shown, map, scaled)));
}

/** Two images of the same size with white between them. */
function beside(one: RgbImage, other: RgbImage): RgbImage {
  const width = one.width * 2 + GAP;
  const data = new Uint8Array(width * one.height * 3).fill(255);
  for (let y = 0; y < one.height; y++) {
    const line = (image: RgbImage): Uint8Array => image.data.subarray(y * one.width * 3, (y + 1) * one.width * 3);
    data.set(line(one), y * width * 3);
    data.set(line(other), (y * width + one.width + GAP) * 3);
  }
  return { width, height: one.height, data };
}

const rawOf = ({ width, height, data }: RgbImage): sharp.Sharp =>
  sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false });

async function resized(image: RgbImage, { width, height }: Size): Promise<RgbImage> {
  if (image.width === width && image.height === height) return image;
  const data = await rawOf(image).resize(width, height, { fit: 'fill' }).raw().toBuffer();
  return { width, height, data };
}

const png = (image: RgbImage): Promise<Buffer> => rawOf(image).png().toBuffer();
