import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Makes a folder and those above it that are missing, one after the other from the nearest that exists. Node's own recursive
 * mkdir tries again without end where a folder exists in which none can be made, as in `/proc`.
 *
 * @param mode of the folder itself, where it is made; what the process's umask leaves of it. Those above are others' too, and get the usual one
 * @returns the outermost folder that was made; undefined where nothing was missing
 * @throws the file system's error
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<string | undefined> {
  const missing: string[] = [];
  for (let at = path.resolve(folder); !(await exists(at)); at = path.dirname(at)) {
    missing.unshift(at);
    if (at === path.dirname(at)) break; // a root that is not there, as of a drive
  }
  let made: string | undefined;
  for (const at of missing) {
    try {
      await mkdir(at, at === missing.at(-1) ? mode : 0o777);
      made ??= at;
    } catch (error) {
      // Another process may have been faster.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !(await isFolder(at))) throw error;
    }
  }
  if (missing.length === 0 && !(await isFolder(path.resolve(folder)))) throw notFolder(folder);
  return made;
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** @throws the file system's error, but where nothing is there: what can't be looked at is not said to be a file */
async function isFolder(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function notFolder(file: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${file} is a file, not a folder`), { code: 'EEXIST', path: file });
}
