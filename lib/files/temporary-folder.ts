import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { notWritable } from './atomic-file';
import { reasonOf } from './reason';
import { removeFolder } from './remove-folder';
import { removeStale, temporaryName } from './stale';

/**
 * Gives `work` a folder in the system's temporary folder, which is removed afterwards, even if the process ends meanwhile. What killed
 * processes left there of this name is removed first.
 *
 * @param name what its name begins with
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE where it can't be made, and what `work` throws
 */
export async function inTemporaryFolder<T>(name: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await makeTemporaryFolder(name);
  const remove = (): void => removeFolder(folder);
  process.on('exit', remove);
  try {
    return await work(folder);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

async function makeTemporaryFolder(name: string): Promise<string> {
  // Those of processes that were killed may be large.
  await removeStale(os.tmpdir(), (base) => base === name);
  const folder = temporaryName(path.join(os.tmpdir(), name));
  try {
    fs.mkdirSync(folder, 0o700);
    return folder;
  } catch (cause) {
    const hint = 'Name a folder that can be written to in the environment variable TMPDIR';
    throw notWritable(folder, reasonOf(cause), { hint, cause });
  }
}
