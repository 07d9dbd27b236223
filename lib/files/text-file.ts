import { open, stat } from 'node:fs/promises';
import { ResnetFtError } from '../errors';
import { closeRead, readToEnd } from './read';
import { reasonOf } from './reason';

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
    if (!(await stat(file)).isFile()) throw invalid('is not a file');
    const handle = await open(file, 'r');
    try {
      bytes = await readToEnd(handle, 0, limit + 1);
    } finally {
      await closeRead(handle);
    }
  } catch (cause) {
    if (cause instanceof ResnetFtError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new ResnetFtError('DATA_NOT_FOUND', `no such file: ${file}`);
    throw invalid(`cannot be read: ${reasonOf(cause)}`, cause);
  }
  if (bytes.length > limit) throw invalid(`larger than ${limit} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid('not UTF-8 text', cause);
  }
}
