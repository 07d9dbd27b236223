import { createHash, type Hash } from 'node:crypto';
import { closeRead, readFully } from '../files/read';
import { openRegularFile } from '../files/regular-file';

const CHUNK = 1 << 20;

/** Feeds a file's bytes to a hash; `end` is the number of bytes where not all are meant. */
export async function hashFile(file: string, hash: Hash, signal?: AbortSignal, end = Infinity): Promise<void> {
  if (end === 0) return;
  const { handle } = await openRegularFile(file);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    for (let at = 0; at < end;) {
      signal?.throwIfAborted();
      const part = chunk.subarray(0, Math.min(CHUNK, end - at));
      const length = await readFully(handle, part, at);
      hash.update(part.subarray(0, length));
      at += length;
      if (length < part.length) break;
    }
  } finally {
    await closeRead(handle);
  }
}

/** SHA-256 of a file in lower-case hex; undefined where there is no such file. */
export async function sha256File(file: string, signal?: AbortSignal): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await hashFile(file, hash, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return hash.digest('hex');
}
