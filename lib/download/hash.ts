import { createHash, type Hash } from 'node:crypto';
import { openRegularFile } from '../files/regular-file';

/** Feeds a file's bytes to a hash; `end` is the number of bytes where not all are meant. */
export async function hashFile(file: string, hash: Hash, signal?: AbortSignal, end = Infinity): Promise<void> {
  if (end === 0) return;
  const { handle } = await openRegularFile(file);
  const options = { highWaterMark: 1 << 20, end: end - 1, ...(signal ? { signal } : {}) };
  for await (const part of handle.createReadStream(options)) hash.update(part as Buffer);
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
