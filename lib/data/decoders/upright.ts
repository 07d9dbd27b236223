import sharp, { type Sharp } from 'sharp';
import type { RgbImage } from '../../backend/types';

/** How an image of each orientation but 1 is turned, as by Pillow's `ImageOps.exif_transpose`. sharp mirrors before it rotates. */
const TURNS: Readonly<Record<number, (image: Sharp) => Sharp>> = {
  2: (image) => image.flop(),
  3: (image) => image.rotate(180),
  4: (image) => image.flip(),
  5: (image) => image.flip().rotate(90),
  6: (image) => image.rotate(90),
  7: (image) => image.flop().rotate(90),
  8: (image) => image.rotate(270),
};

/** Turns an image of this EXIF orientation upright, on a thread of libuv's. */
export async function upright(image: RgbImage, orientation: number): Promise<RgbImage> {
  const turn = TURNS[orientation];
  if (turn === undefined) return image;
  const { width, height, data } = image;
  const raw = sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false });
  const turned = await turn(raw).raw().toBuffer({ resolveWithObject: true });
  return { width: turned.info.width, height: turned.info.height, data: turned.data };
}
