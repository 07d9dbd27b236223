import { open, type FileHandle } from 'node:fs/promises';
import { ResnetFtError } from '../errors';

/** A read of Node takes at most 2 GiB; smaller parts also let other work in between. */
const PART = 64 * 1024 * 1024;

/** The error of a file of weights that can't be read. */
export function invalid(file: string, reason: string, options: { hint?: string; cause?: unknown } = {}): ResnetFtError {
  return new ResnetFtError('WEIGHTS_INVALID', `weights ${file}: ${reason}`, options);
}

/** A name out of a file from elsewhere: one line, not long. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name);
}

/** Opens a file of weights, hands it to `read`, and closes it; every failure names the file. */
export async function withWeightsFile<T>(
  file: string,
  read: (handle: FileHandle, size: number) => Promise<T>,
): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const stat = await handle.stat();
    if (!stat.isFile()) throw invalid(file, 'not a file');
    return await read(handle, stat.size);
  } catch (error) {
    if (error instanceof ResnetFtError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw invalid(file, 'no such file', { cause: error });
    const text = error instanceof Error ? error.message : String(error);
    throw invalid(file, text.replace(/\s+/g, ' '), { cause: error });
  } finally {
    await handle?.close();
  }
}

/** Reads exactly `length` bytes; the caller has checked `length` against the file's size before they are allocated. */
export async function readBytes(
  file: string,
  handle: FileHandle,
  position: number,
  length: number,
): Promise<Buffer<ArrayBuffer>> {
  // Memory of its own, so that keeping one tensor does not keep Node's shared pool.
  const bytes = Buffer.from(new ArrayBuffer(length));
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(PART, length - done), position + done);
    if (bytesRead === 0) throw invalid(file, 'truncated');
    done += bytesRead;
  }
  return bytes;
}
