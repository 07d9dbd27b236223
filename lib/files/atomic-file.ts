import fs from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { oneLine, ResnetFtError } from '../errors';
import { closing } from './closing';
import { closeRead } from './read';
import { reasonOf } from './reason';
import { removeStale, temporaryName } from './stale';
import { sync } from './sync';

/** Not the handle's own: {@link sync}. */
const fchmod = promisify(fs.fchmod);

const PERMISSIONS = 0o777;

/** The error of a file of weights that can't be written. */
export function notWritable(file: string, reason: string, options: { hint?: string; cause?: unknown } = {}) {
  return new ResnetFtError('OUTPUT_NOT_WRITABLE', `cannot write ${file}: ${reason}`, options);
}

/** Gives a file that has been written its name. */
export type Finish = (temporary: string, file: string) => Promise<void>;

/**
 * Writes chunks to a file whole or not at all: under a temporary name beside it, synchronised, then renamed. One that is replaced keeps
 * its permissions. What killed processes left half-written in the folder is removed.
 *
 * @param finish how it gets its name; by default it replaces what has that
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE where the file can't be written; an older file of that name is then untouched.
 */
export async function writeAtomically(
  file: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  finish: Finish = rename,
): Promise<void> {
  await removeStale(path.dirname(file));
  const temporary = temporaryName(file);
  let created = false;
  try {
    const mode = await modeOf(file);
    const handle = await open(temporary, 'wx', mode);
    created = true;
    await closing(
      () => handle.close(),
      async () => {
        // The umask may have taken some; a file system without permissions, which all alike may use, may refuse.
        if (mode !== undefined) await fchmod(handle.fd, mode).catch(() => {});
        // writeFile, unlike write, repeats short writes.
        for await (const chunk of chunks) await handle.writeFile(chunk);
        await sync(handle);
      },
    );
    await finish(temporary, file);
    await syncFolder(path.dirname(file));
  } catch (cause) {
    // Where the file system has turned read-only it stays; what happened first is what is told.
    if (created) await rm(temporary, { force: true }).catch(() => {});
    if (cause instanceof ResnetFtError) throw cause;
    throw notWritable(file, oneLine(reasonOf(cause)), { cause });
  }
}

/** The permissions of a file that is to be replaced; where they can't be told, the new file must not have others. */
async function modeOf(file: string): Promise<number | undefined> {
  const old = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return old?.isFile() === true ? old.mode & PERMISSIONS : undefined;
}

/** Makes what was renamed in a folder durable; where the system can't do that for a folder (Windows), it does it by itself. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (handle !== undefined) await sync(handle).catch(() => {});
  await closeRead(handle);
}
