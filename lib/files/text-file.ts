import { open, stat } from 'node:fs/promises';
import { ResnetFtError } from '../errors';

/**
 * Reads a small UTF-8 text file, without its byte order mark.
 *
 * @param limit bytes above which the file is taken for something else
 * @throws ResnetFtError DATA_NOT_FOUND if there is no file, DATA_INVALID if it is too large or not text
 */
export async function readSmallText(file: string, limit: number): Promise<string> {
  const invalid = (reason: string, cause?: unknown): ResnetFtError =>
    new ResnetFtError('DATA_INVALID', `${file}: ${reason}`, cause === undefined ? {} : { cause });
  let bytes: Buffer;
  try {
    // A pipe without a writer would block forever.
    if (!(await stat(file)).isFile()) throw invalid('not a file');
    const handle = await open(file, 'r');
    try {
      bytes = await readUpTo(handle, limit + 1);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof ResnetFtError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new ResnetFtError('DATA_NOT_FOUND', `no such file: ${file}`);
    throw invalid(`cannot be read (${code ?? message})`, cause);
  }
  if (bytes.length > limit) throw invalid(`larger than ${limit} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid('not UTF-8 text', cause);
  }
}

async function readUpTo(handle: Awaited<ReturnType<typeof open>>, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < limit) {
    const chunk = Buffer.alloc(Math.min(65536, limit - length));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) break;
    chunks.push(chunk.subarray(0, bytesRead));
    length += bytesRead;
  }
  return Buffer.concat(chunks);
}
