import type { FileHandle } from 'node:fs/promises';

/** Bytes that are asked for at once where it is not known how many there are. */
const CHUNK = 65_536;

/**
 * Reads again where a signal has interrupted it: libuv does so for every call but this one. File systems over a network, and those
 * of FUSE, interrupt and give less than was asked for.
 *
 * @param read asks for a read
 */
export async function uninterrupted<T>(read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINTR') throw error;
    }
  }
}

/**
 * Reads bytes of an open file until all are there or it ends, however few come at once.
 *
 * @param position in the file; null for where it was read to before
 * @returns how many bytes came
 */
export async function readFully(handle: FileHandle, bytes: Uint8Array, position: number | null): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const at = position === null ? null : position + done;
    const { bytesRead } = await uninterrupted(() => handle.read(bytes, done, bytes.length - done, at));
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/**
 * Reads an open file from where it stands to its end. `handle.readFile()` takes a read that brings less than was asked for as the end
 * of the file, and so would give a part of it for all.
 *
 * @param expected bytes that it probably has
 * @param limit bytes after which nothing more is read
 */
export async function readToEnd(handle: FileHandle, expected = 0, limit = Infinity): Promise<Buffer<ArrayBuffer>> {
  const parts: Buffer<ArrayBuffer>[] = [];
  let length = 0;
  // One more than expected, so that the end is seen where nothing has changed.
  for (let size = expected + 1; length < limit; size = CHUNK) {
    const part = Buffer.allocUnsafe(Math.min(Math.max(size, 1), limit - length));
    const count = await readFully(handle, part, null);
    parts.push(part.subarray(0, count));
    length += count;
    if (count < part.length) break;
  }
  return parts.length === 1 ? (parts[0] as Buffer<ArrayBuffer>) : Buffer.concat(parts);
}

/** Closes what was only read: what a file system says then is of no consequence. */
export async function closeRead(handle: FileHandle | undefined): Promise<void> {
  await handle?.close().catch(() => {});
}
