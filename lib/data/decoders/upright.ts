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

/** The same where sharp has the image; nothing else that moves pixels may be asked of it, for sharp does all in an order of its own. */
export const turned = (image: Sharp, orientation: number): Sharp => TURNS[orientation]?.(image) ?? image;

/** Turns an image of this EXIF orientation upright, on a thread of libuv's. */
export async function upright(image: RgbImage, orientation: number): Promise<RgbImage> {
  if (TURNS[orientation] === undefined) return image;
  const { width, height, data } = image;
  const raw = sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false });
  const out = await turned(raw, orientation).raw().toBuffer({ resolveWithObject: true });
  return { width: out.info.width, height: out.info.height, data: out.data };
}
