import { isImageName } from '../data/image-folder';
import { shellWord } from '../text/shell';
import { PLAIN_CONTRAST } from './look-alikes';
import { afterALook, extensionOf, finding } from './finding';
import { nameFits, type Format } from './format';
import type { Role } from './aliases';
import type { FreeNames } from './free-names';
import type { Inspected } from './inspect';
import type { Paths } from './paths';
import type { Finding } from './types';

/** Long side by short side from which on the square in the middle holds less than a third of an image. */
const EXTREME_SHAPE = 3;

/** What turning an image as its EXIF orientation says does to it. */
const TURNS: Readonly<Record<number, string>> = {
  2: 'mirrors it',
  3: 'turns it upside down',
  4: 'mirrors it upside down',
  5: 'mirrors and turns it',
  6: 'turns it to the right',
  7: 'mirrors and turns it',
  8: 'turns it to the left',
};

/** What is kept of an image that was looked at, until all have been. */
export type Seen = Omit<Inspected, 'look' | 'pixels'>;

/** What findings of single files depend on beside the file. */
export interface Around {
  /** Side of the square that the network sees, in pixels. */
  imageSize: number;
  /** Those that files are to be given. */
  names: FreeNames;
  paths: Paths;
  /** How those that can't be decoded stand to each other. */
  roles: ReadonlyMap<string, Role>;
}

/** What is to be said of one file by itself. */
export function imageFindings(file: string, inspected: Seen, around: Around): Finding[] {
  const { imageSize, names, roles } = around;
  const { unreadable, mend, warning, format, width, height, orientation, contrast } = inspected;
  if (unreadable !== undefined)
    return [
      finding('unreadable', [file], unreadable, (remove) => [
        mend?.(file, names, roles.get(file) ?? 'target') ?? afterALook(remove(file)),
      ]),
    ];
  const size = `${width} x ${height}`;
  const found = format !== undefined && !nameFits(file, format) ? [wrongExtension(file, format, around)] : [];
  if (warning !== undefined) found.push(finding('suspicious', [file], warning, (remove) => [afterALook(remove(file))]));
  if (contrast < BLANK_CONTRAST) {
    found.push(finding('blank', [file], `${size} pixels of one colour`, (remove) => [afterALook(remove(file))]));
  }
  if (orientation !== 1) {
    const upright = orientation >= 5 ? `, ${size} becomes ${height} x ${width}` : '';
    found.push(finding('exif-rotated', [file], `--exif-rotate ${TURNS[orientation] ?? ''}${upright}`));
  }
  if (Math.min(width, height) < imageSize) {
    found.push(finding('small', [file], `${size} pixels; the network sees ${imageSize} x ${imageSize}`));
  }
  const shape = Math.max(width, height) / Math.min(width, height);
  if (shape > EXTREME_SHAPE) {
    found.push(
      finding(
        'extreme-shape',
        [file],
        `${size}: one side is ${Number(shape.toFixed(shape < 10 ? 1 : 0))} times the other`,
      ),
    );
  }
  return found;
}

/** Below it, a picture is of one colour but for what compression does to it. */
const BLANK_CONTRAST = PLAIN_CONTRAST / 3;

function wrongExtension(file: string, { name, extensions }: Format, { names, paths }: Around): Finding {
  const usual = extensions[0] ?? '';
  const note = `${extensionOf(file)} by its name, ${name} by its content`;
  // By its own name a GIF would not be trained on any more.
  const mend = (): string =>
    isImageName(usual)
      ? paths.rename(file, names.beside(file, usual))
      : afterALook(`magick ${shellWord(`${name}:${file}`)} ${shellWord(names.beside(file, '.png'))}`);
  return finding('wrong-extension', [file], note, () => [mend()]);
}
