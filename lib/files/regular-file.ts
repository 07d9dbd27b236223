import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { closeRead, readFully, readToEnd } from './read';
import { isMissing } from './reason';

/** Bytes that a file may have: Node.js reads no more into one buffer, and no image within the limit of pixels needs more. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Opens a regular file, or what a link leads to, for reading. A named pipe is not waited for, and a device is not read.
 *
 * @throws Error of the system, or one that says what it is instead of a file
 */
export async function openRegularFile(file: string): Promise<{ handle: FileHandle; size: number }> {
  // Without O_NONBLOCK, opening a pipe that nobody writes to would block forever; Windows has no such flag.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(async (error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'ENXIO' ? await notOpened(file, error) : error;
  });
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) throw new Error('a folder, not a file');
    if (!stats.isFile()) throw new Error(`a ${stats.isFIFO() ? 'named pipe' : 'device'}, not a file`);
    return { handle, size: stats.size };
  } catch (error) {
    await closeRead(handle);
    throw error;
  }
}

/** A socket can't be opened as a file, nor can a device that nothing stands behind. */
async function notOpened(file: string, cause: unknown): Promise<unknown> {
  const stats = await stat(file).catch(() => undefined);
  if (stats === undefined || stats.isFile()) return cause;
  return new Error(`a ${stats.isSocket() ? 'socket' : 'device'}, not a file`, { cause });
}

/**
 * The content of a regular file, or of what a link leads to: {@link openRegularFile}.
 *
 * @throws Error of the system, or one that says what it is instead of a file
 */
export async function readRegularFile(file: string): Promise<Buffer> {
  const { handle, size } = await openRegularFile(file);
  try {
    if (size > MAX_BYTES) throw new Error(`the file is too large (${size} bytes; ${MAX_BYTES} are allowed)`);
    return await readToEnd(handle, size, MAX_BYTES);
  } finally {
    await closeRead(handle);
  }
}

/**
 * A part of a regular file, or of what a link leads to: {@link openRegularFile}.
 *
 * @param position of its first byte
 * @returns as many bytes as there are, and no more than `length`
 * @throws as {@link openRegularFile}
 */
export async function readPart(file: string, position: number, length: number): Promise<Buffer> {
  const { handle } = await openRegularFile(file);
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, await readFully(handle, bytes, position));
  } finally {
    await closeRead(handle);
  }
}

/**
 * As {@link readRegularFile}.
 *
 * @returns undefined where there is no file of that name
 */
export async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readRegularFile(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
