import path from 'node:path';
import { isBmp } from './decoders/bmp';
import { isGif } from './decoders/gif';
import { isJpeg } from './decoders/jpeg';
import { isPng } from './decoders/png';
import { isPnm } from './decoders/pnm';
import { isTiff } from './decoders/tiff/ifd';
import { isWebp } from './decoders/webp';

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

/** What files with names of images often are instead. */
const OTHERS: readonly { name: string; is: (bytes: Buffer) => boolean }[] = [
  { name: 'HEIC', is: (bytes) => begins(bytes, 'ftyp', 4) && /^(hei[cmsx]|hev[cmsx]|mif1|msf1)/.test(text(bytes, 8)) },
  { name: 'AVIF', is: (bytes) => begins(bytes, 'ftyp', 4) && begins(bytes, 'avi', 8) },
  {
    name: 'an SVG drawing',
    is: (bytes) => /^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg\b/i.test(text(bytes)),
  },
  { name: 'a web page', is: (bytes) => /^\s*(<!--[^]*?-->\s*)?<(!doctype\s+html|html|head|body)\b/i.test(text(bytes)) },
  {
    name: 'a Git LFS pointer, not the image itself (git lfs pull fetches it)',
    is: (bytes) => begins(bytes, 'version https://git-lfs'),
  },
  {
    name: 'what macOS keeps beside a file, not the image itself',
    is: (bytes) => bytes.length > 4 && bytes.readUInt32BE(0) === 0x00051607,
  },
  { name: 'a PDF', is: (bytes) => begins(bytes, '%PDF') },
  { name: 'a zip archive', is: (bytes) => begins(bytes, 'PK\x03\x04') },
];

/** The format of an image, by how its content begins; undefined of whatever else it is. */
export function formatOf(bytes: Buffer): Format | undefined {
  return IMAGES.find(({ is }) => is(bytes));
}

/** What a file is that is no image: words for a sentence. */
export function otherwise(bytes: Buffer): string | undefined {
  // Held against itself, one byte on: gigabytes of zeros take no time to speak of.
  if (bytes[0] === 0 && bytes.subarray(1).equals(bytes.subarray(0, -1))) return 'nothing but zeros';
  return OTHERS.find(({ is }) => is(bytes))?.name;
}

/** Whether a file's name goes with its format. */
export function nameFits(file: string, { extensions }: Format): boolean {
  return extensions.includes(path.extname(file).toLowerCase());
}

function begins(bytes: Buffer, word: string, at = 0): boolean {
  return bytes.toString('latin1', at, at + word.length) === word;
}

const text = (bytes: Buffer, at = 0): string => bytes.toString('latin1', at, at + 512);
