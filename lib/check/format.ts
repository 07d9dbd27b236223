import { isBmp } from '../data/decoders/bmp';
import { isGif } from '../data/decoders/gif';
import { isJpeg } from '../data/decoders/jpeg';
import { isPng } from '../data/decoders/png';
import { isPnm } from '../data/decoders/pnm';
import { isTiff } from '../data/decoders/tiff/ifd';
import { isWebp } from '../data/decoders/webp';
import { extensionOf } from './finding';

/** A format by its name, and the extensions that it goes by, the usual one first. */
export interface Format {
  name: string;
  extensions: readonly string[];
}

const IMAGES: readonly (Format & { is: (bytes: Buffer) => boolean })[] = [
  { name: 'JPEG', extensions: ['.jpg', '.jpeg'], is: isJpeg },
  { name: 'PNG', extensions: ['.png'], is: isPng },
  { name: 'WebP', extensions: ['.webp'], is: isWebp },
  { name: 'TIFF', extensions: ['.tif', '.tiff'], is: isTiff },
  { name: 'BMP', extensions: ['.bmp'], is: isBmp },
  { name: 'PNM', extensions: ['.ppm', '.pgm'], is: isPnm },
  { name: 'GIF', extensions: ['.gif'], is: isGif },
];

/** The format of an image, by how its content begins; undefined of whatever else it is. */
export function formatOf(bytes: Buffer): Format | undefined {
  return IMAGES.find(({ is }) => is(bytes));
}

/** Whether a file's name goes with its format. */
export function nameFits(file: string, { extensions }: Format): boolean {
  return extensions.includes(extensionOf(file).toLowerCase());
}
