import { stat } from 'node:fs/promises';
import path from 'node:path';
import { notWritable } from './atomic-file';

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
  if ((await stat(folder).catch(() => undefined))?.isDirectory() !== true) {
    throw notWritable(file, `there is no folder ${folder}`, { hint: 'Make the folder first' });
  }
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory() === true) {
    throw notWritable(file, 'it is a folder', { hint: `Give another name with ${option}` });
  }
  if (found !== undefined && !replace) {
    throw notWritable(file, 'it exists', { hint: `Replace it with --force, or give another ${named} with ${option}` });
  }
}
