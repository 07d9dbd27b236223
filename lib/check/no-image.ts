import path from 'node:path';
import { shellWord } from '../text/shell';
import { afterALook, move } from './finding';
import type { FreeNames } from './free-names';

/** Makes a line of commands for a file. */
export type Mend = (file: string, names: FreeNames) => string;

/** What a file with the name of an image is instead, and what may be done about it. */
export interface Instead {
  /** Words for a sentence. */
  name: string;
  /** A line for a person to decide on; where there is none, the file is to be removed after a look. */
  mend?: Mend;
}

const convertFrom =
  (format: string): Mend =>
  (file, names) =>
    `magick ${shellWord(`${format}:${file}`)} ${shellWord(names.beside(file, '.png'))}`;

const rename =
  (extension: string): Mend =>
  (file, names) =>
    move(file, names.beside(file, extension));

/** What files with names of images often are instead. */
const KNOWN: readonly (Instead & { is: (bytes: Buffer) => boolean })[] = [
  {
    name: 'HEIC',
    is: (bytes) => begins(bytes, 'ftyp', 4) && /^(hei[cmsx]|hev[cmsx]|mif1|msf1)/.test(text(bytes, 8)),
    mend: convertFrom('HEIC'),
  },
  { name: 'AVIF', is: (bytes) => begins(bytes, 'ftyp', 4) && begins(bytes, 'avi', 8), mend: convertFrom('AVIF') },
  {
    name: 'JPEG 2000',
    is: (bytes) => begins(bytes, '\0\0\0\fjP  ') || begins(bytes, '\xff\x4f\xff\x51'),
    mend: convertFrom('JP2'),
  },
  {
    name: 'JPEG XL',
    is: (bytes) => begins(bytes, '\0\0\0\fJXL ') || begins(bytes, '\xff\x0a'),
    mend: convertFrom('JXL'),
  },
  {
    name: 'TGA',
    is: (bytes) => begins(bytes, 'TRUEVISION-XFILE.', bytes.length - 18) || looksLikeTga(bytes),
    mend: convertFrom('TGA'),
  },
  {
    name: 'an SVG drawing',
    is: (bytes) => /^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg\b/i.test(text(bytes)),
    mend: convertFrom('SVG'),
  },
  { name: 'a web page', is: (bytes) => /^\s*(<!--[^]*?-->\s*)?<(!doctype\s+html|html|head|body)\b/i.test(text(bytes)) },
  {
    name: 'a Git LFS pointer, not the image itself (git lfs pull fetches it)',
    is: (bytes) => begins(bytes, 'version https://git-lfs'),
    mend: (file) => `git -C ${shellWord(path.dirname(file))} lfs pull`,
  },
  {
    name: 'what macOS keeps beside a file, not the image itself',
    is: (bytes) => bytes.length > 4 && bytes.readUInt32BE(0) === 0x00051607,
  },
  { name: 'a PDF', is: (bytes) => begins(bytes, '%PDF'), mend: rename('.pdf') },
  { name: 'a zip archive', is: (bytes) => begins(bytes, 'PK\x03\x04'), mend: rename('.zip') },
];

const ZEROS: Instead = { name: 'nothing but zeros' };

/** What a file is that is no image; undefined where that is not known. */
export function insteadOf(bytes: Buffer): Instead | undefined {
  if (onlyZeros(bytes)) return ZEROS;
  return KNOWN.find(({ is }) => is(bytes));
}

/** Reasons of decoders for a file that ends too early. */
const CUT_OFF = /the (file|header|chunk IDAT) is cut off|premature end/i;

/**
 * The line about an image that can't be decoded. Only what holds nothing, or is but the beginning of an image, is surely worthless: whatever else
 * may be a good photograph for other programs.
 *
 * @param bytes the content; undefined where it can't be read
 * @param reason why it can't be decoded
 */
export function mendUnreadable(bytes: Buffer | undefined, reason: string): Mend {
  const removal = (file: string): string => `rm -- ${shellWord(file)}`;
  const look = (file: string): string => afterALook(removal(file));
  if (bytes === undefined) return look;
  if (bytes.length === 0 || onlyZeros(bytes)) return removal;
  const mend = insteadOf(bytes)?.mend;
  if (mend !== undefined) return (file, names) => afterALook(mend(file, names));
  if (/\btoo large\b/.test(reason)) {
    return (file, names) =>
      afterALook(`magick ${shellWord(file)} -resize 4096x4096 ${shellWord(names.beside(file, '.jpg'))}`);
  }
  return CUT_OFF.test(reason) ? removal : look;
}

const onlyZeros = (bytes: Buffer): boolean => bytes.length > 0 && bytes.every((byte) => byte === 0);

/** A TGA file without its later signature: a header whose fields have the values that there are, and sensible sizes. */
function looksLikeTga(bytes: Buffer): boolean {
  if (bytes.length < 18) return false;
  const [mapped, kind, depth] = [bytes[1] ?? 0, bytes[2] ?? 0, bytes[16] ?? 0];
  const sized = bytes.readUInt16LE(12) > 0 && bytes.readUInt16LE(14) > 0;
  return mapped <= 1 && [1, 2, 3, 9, 10, 11].includes(kind) && [8, 15, 16, 24, 32].includes(depth) && sized;
}

function begins(bytes: Buffer, word: string, at = 0): boolean {
  return bytes.toString('latin1', at, at + word.length) === word;
}

const text = (bytes: Buffer, at = 0): string => bytes.toString('latin1', at, at + 512);
