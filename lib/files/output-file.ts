import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { notWritable } from './atomic-file';
import { codeOf, reasonOf } from './reason';

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
  const look = (at: string): Promise<Stats | undefined> => ifThere(at, file);
  if ((await look(folder))?.isDirectory() !== true) {
    throw notWritable(file, `there is no folder ${folder}`, { hint: 'Make the folder first' });
  }
  const found = await look(file);
  if (found?.isDirectory() === true) {
    throw notWritable(file, 'it is a folder', { hint: `Give another name with ${option}` });
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
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(cause) ?? '')) return undefined;
    throw notWritable(file, reasonOf(cause), { cause });
  }
}
