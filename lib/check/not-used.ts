import { isImageName } from '../data/image-folder';
import { PICTURES } from '../data/picture-kinds';
import { shellWord } from '../text/shell';
import { afterALook, extensionOf, finding, move } from './finding';
import type { FreeNames } from './free-names';
import type { Finding } from './types';

/** Other names of JPEG. */
const JPEG_NAMES = ['.jfif', '.jpe', '.jif', '.pjpeg', '.pjp'];

/**
 * What is to be said of a file that is not trained on.
 *
 * @param where `in a class`, where its name is not that of an image, or `beside` the folders of the classes
 * @param names those that files are to be given
 * @returns undefined for what lies beside the classes and is no picture
 */
export function notUsed(file: string, where: 'in a class' | 'beside', names: FreeNames): Finding | undefined {
  const extension = extensionOf(file).toLowerCase();
  const kind = PICTURES[extension];
  if (where === 'beside') {
    if (!isImageName(file) && kind === undefined && !JPEG_NAMES.includes(extension)) return undefined;
    return finding('not-used', [file], 'lies beside the folders of the classes, and so has no class');
  }
  if (JPEG_NAMES.includes(extension)) {
    return finding(
      'not-used',
      [file],
      `${extension} is no extension of an image here; if it is a JPEG, call it .jpg`,
      () => [move(file, names.beside(file, '.jpg'))],
    );
  }
  if (kind !== undefined) {
    return finding('not-used', [file], `${kind} is not trained on; convert it to PNG or JPEG`, () => [
      afterALook(`magick ${shellWord(file)} ${shellWord(names.beside(file, '.png'))}`),
    ]);
  }
  return finding(
    'not-used',
    [file],
    extension === '' ? 'has no extension' : `${quotedOddly(extension)} is no extension of an image`,
  );
}

/** In quotes where a reader would not see it for what it is: with a space at its end, or a point alone. */
const quotedOddly = (extension: string): string => (/^\.[^\s]+$/.test(extension) ? extension : `"${extension}"`);

/** Folders that stand beside train/ and val/ and are none of them. */
export function unusedFolders(folders: readonly string[]): Finding[] {
  return folders.map((folder) =>
    finding('not-used', [folder], 'a folder beside those of the splits, which is not used'),
  );
}
