import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { notWritable } from './atomic-file';
import { isMissing, reasonOf } from './reason';
import { readIfThere } from './regular-file';

/**
 * Refuses, before any work is done, a file that can't be written afterwards.
 *
 * @param option that names the file: `--output`
 * @param replace whether a file that exists is replaced: where not, that it exists is an error
 * @param named what the option names: where it is the file's folder, another one is to be given
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE
 */
export async function checkOutputFile(
  file: string,
  option: string,
  replace = true,
  named: 'name' | 'folder' = 'name',
): Promise<void> {
  const folder = path.dirname(path.resolve(file));
  if ((await ifThere(folder, file))?.isDirectory() !== true) {
    throw notWritable(file, `there is no folder ${folder}`, { hint: 'Make the folder first' });
  }
  const found = await ifThere(file);
  if (found?.isDirectory() === true) {
    throw notWritable(file, 'it is a folder', { hint: `Give another name with ${option}` });
  }
  // A file takes the place of what is there: a pipe's reader would wait for ever, and a device be gone.
  if (found?.isFile() === false) {
    throw notWritable(file, 'it is a pipe, a device or a socket', { hint: `Give the name of a file with ${option}` });
  }
  if (found !== undefined && !replace) {
    throw notWritable(file, 'it exists', { hint: `Replace it with --force, or give another ${named} with ${option}` });
  }
}

/**
 * What is there, undefined where nothing is. What can't be looked at may be there: it is not replaced, and not said to be missing.
 *
 * @param file that is to be written, for the error
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE
 */
export async function ifThere(at: string, file = at): Promise<Stats | undefined> {
  try {
    return await stat(at);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw notWritable(file, reasonOf(cause), { cause });
  }
}

/**
 * The content of a file that may be replaced; undefined where there is none.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE where it can't be read
 */
export async function readOld(file: string): Promise<Buffer | undefined> {
  return readIfThere(file).catch((cause: unknown) => {
    throw notWritable(file, `the one that is there can't be read: ${reasonOf(cause)}`, { cause });
  });
}
