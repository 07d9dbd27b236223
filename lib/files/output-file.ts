import type { Stats } from 'node:fs';
import { link, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { rejectOption } from '../options';
import { notWritable, type Finish } from './atomic-file';
import { isMissing, reasonOf } from './reason';
import { readIfThere } from './regular-file';

/**
 * Refuses, before any work is done, a file that can't be written afterwards.
 *
 * @param option that names the file: `--output`
 * @param replace whether a file that exists is replaced: where not, that it exists is an error
 * @param named what the option names: where it is the file's folder, another one is to be given
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE; INVALID_OPTION for a name that no file can have
 */
export async function checkOutputFile(
  file: string,
  option: string,
  replace = true,
  named: 'name' | 'folder' = 'name',
): Promise<void> {
  const folder = path.dirname(path.resolve(file));
  await checkFolderName(folder, file, option, named);
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
  if (found !== undefined && !replace) throw exists(file, option, named);
}

/**
 * Refuses a folder that can neither be there nor be made.
 *
 * @param file that is to be written there, for the error
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE where it would be below a file; INVALID_OPTION for a name that no file can have
 */
export async function checkFolderName(
  folder: string,
  file: string,
  option: string,
  named: 'name' | 'folder',
): Promise<void> {
  // Node.js refuses them in words of its own.
  for (const name of [folder, file]) {
    if (name.includes('\0')) rejectOption('a name without NUL characters', option, name);
  }
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const found = await ifThere(at, file);
    if (found?.isDirectory() === false) {
      throw notWritable(file, `${at} is a file, not a folder`, { hint: `Give another ${named} with ${option}` });
    }
    if (found !== undefined || at === path.dirname(at)) return;
  }
}

function exists(file: string, option: string, named: 'name' | 'folder') {
  return notWritable(file, 'it exists', { hint: `Replace it with --force, or give another ${named} with ${option}` });
}

/**
 * For {@link writeAtomically}: replaces nothing, also not what has appeared since {@link checkOutputFile} looked, as by another process.
 *
 * @param option that names the file: `--output`
 */
export function replacingNothing(option: string, named: 'name' | 'folder' = 'name'): Finish {
  return async (temporary, file) => {
    try {
      // Unlike a rename, a link is refused where something has the name.
      await link(temporary, file);
    } catch {
      // Something has it, or is a link that leads nowhere; or this file system has no links, and leaves a moment between looking and renaming.
      if ((await ifThere(file)) !== undefined) throw exists(file, option, named);
      return rename(temporary, file);
    }
    // Where it can't be removed, the next that is written there tries again; the file is there.
    await rm(temporary, { force: true }).catch(() => {});
  };
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
