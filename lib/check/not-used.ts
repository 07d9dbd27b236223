import { isJpeg } from '../data/decoders/jpeg';
import { isImageName } from '../data/image-folder';
import { PICTURES } from '../data/picture-kinds';
import { readPart } from '../files/regular-file';
import { shellWord } from '../text/shell';
import { afterALook, extensionOf, finding, move } from './finding';
import type { FreeNames } from './free-names';
import type { Paths } from './paths';
import type { Finding } from './types';
import type { PassedOver } from './walk';

/** Other names of JPEG. */
const JPEG_NAMES = ['.jfif', '.jpe', '.jif', '.pjpeg', '.pjp'];

/** Bytes by which a JPEG is known. */
const HEAD = 3;

/**
 * What is to be said of files that are not trained on; nothing of what lies beside the classes and is no picture.
 *
 * @param names those that files are to be given
 */
export async function notUsed(passedOver: readonly PassedOver[], names: FreeNames, paths: Paths): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const one of passedOver) {
    const said = await notUsedFile(one, names, paths);
    if (said !== undefined) found.push(said);
  }
  return found;
}

async function notUsedFile({ file, where }: PassedOver, names: FreeNames, paths: Paths): Promise<Finding | undefined> {
  const extension = extensionOf(file).toLowerCase();
  const kind = PICTURES[extension];
  if (where === 'beside') {
    if (!isImageName(file) && kind === undefined && !JPEG_NAMES.includes(extension)) return undefined;
    return finding('not-used', [file], 'lies beside the folders of the classes, and so has no class');
  }
  if (JPEG_NAMES.includes(extension)) {
    const jpeg = await beginsAsJpeg(file);
    const note = `${extension} is no extension of an image here; if it is a JPEG, call it .jpg`;
    return finding('not-used', [file], note, () => {
      const to = names.beside(file, '.jpg');
      return [jpeg ? paths.rename(file, to) : afterALook(move(file, to))];
    });
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

async function beginsAsJpeg(file: string): Promise<boolean> {
  try {
    return isJpeg(await readPart(file, 0, HEAD));
  } catch {
    return false;
  }
}

/** In quotes where a reader would not see it for what it is: with a space at its end, or a point alone. */
const quotedOddly = (extension: string): string => (/^\.[^\s]+$/.test(extension) ? extension : `"${extension}"`);

/** Folders that stand beside train/ and val/ and are none of them. */
export function unusedFolders(folders: readonly string[]): Finding[] {
  return folders.map((folder) =>
    finding('not-used', [folder], 'a folder beside those of the splits, which is not used'),
  );
}
