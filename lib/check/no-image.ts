import path from 'node:path';
import { insteadOf, onlyZeros, type Instead } from '../data/no-image';
import { shellWord } from '../text/shell';
import { removalBy, type Role } from './aliases';
import { endsEarly } from './cut-off';
import { afterALook, move, removal } from './finding';
import type { FreeNames } from './free-names';

/** Makes a line of commands for a file that stands to other paths so. */
export type Mend = (file: string, names: FreeNames, role: Role) => string;

const convertFrom =
  (format: string): Mend =>
  (file, names) =>
    `magick ${shellWord(`${format}:${file}`)} ${shellWord(names.beside(file, '.png'))}`;

const rename =
  (extension: string): Mend =>
  (file, names) =>
    move(file, names.beside(file, extension));

/** Lines for a person to decide on; where there is none, the file is to be removed after a look. */
const MENDS: Partial<Record<Instead, Mend>> = {
  HEIC: convertFrom('HEIC'),
  AVIF: convertFrom('AVIF'),
  'JPEG 2000': convertFrom('JP2'),
  'JPEG XL': convertFrom('JXL'),
  TGA: convertFrom('TGA'),
  'an SVG drawing': convertFrom('SVG'),
  'a Git LFS pointer, not the image itself (git lfs pull fetches it)': (file) =>
    `git -C ${shellWord(path.dirname(file))} lfs pull`,
  'a PDF': rename('.pdf'),
  'a zip archive': rename('.zip'),
};

/**
 * The line about an image that can't be decoded. Only what holds nothing, or is but the beginning of an image, is surely worthless: whatever else
 * may be a good photograph for other programs.
 *
 * @param bytes the content; undefined where it can't be read
 * @param reason why it can't be decoded
 */
export async function mendUnreadable(bytes: Buffer | undefined, reason: string): Promise<Mend> {
  const remove: Mend = (file, _names, role) => removalBy(role, file);
  const look: Mend = (file) => afterALook(removal(file));
  if (bytes === undefined) return look;
  if (bytes.length === 0 || onlyZeros(bytes)) return remove;
  const instead = insteadOf(bytes);
  const mend = instead === undefined ? undefined : MENDS[instead];
  if (mend !== undefined) return (file, names, role) => afterALook(mend(file, names, role));
  if (/\btoo large\b/.test(reason)) {
    return (file, names) =>
      afterALook(`magick ${shellWord(file)} -resize 4096x4096 ${shellWord(names.beside(file, '.jpg'))}`);
  }
  return (await endsEarly(bytes, reason)) ? remove : look;
}
