import fs, { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { oneLine, ResnetFtError } from '../errors';
import { closeRead, uninterrupted } from '../files/read';
import { reasonOf } from '../files/reason';

/** Not the handle's own, which Yarn's Plug'n'Play replaces by one that is not implemented. */
const readv = promisify(fs.readv);

/** Bytes that one read asks for at most, where no single part is larger. */
const BATCH = 64 * 1024 * 1024;
/** Buffers of one read; POSIX lets IOV_MAX be as small as 16, but Linux and macOS have 1024. */
const MAX_BUFFERS = 512;
/** Parts that are no further apart are read as one, and the bytes between are thrown away. */
const MAX_GAP = 64 * 1024;

/** The error of a file of weights that can't be read. */
export function invalid(file: string, reason: string, options: { hint?: string; cause?: unknown } = {}): ResnetFtError {
  return new ResnetFtError('WEIGHTS_INVALID', `weights ${file}: ${reason}`, options);
}

/** A name taken from an untrusted file, shortened to one line. */
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
    // Without O_NONBLOCK, opening a named pipe would wait for a writer; Windows has no such flag.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = await handle.stat();
    if (!stat.isFile()) throw invalid(file, 'not a file');
    return await read(handle, stat.size);
  } catch (error) {
    if (error instanceof ResnetFtError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw invalid(file, 'no such file', { cause: error });
    throw invalid(file, oneLine(reasonOf(error)), { cause: error });
  } finally {
    await closeRead(handle);
  }
}

/** Where bytes of a file are. */
export interface Part {
  position: number;
  length: number;
}

/** Reads exactly `length` bytes; the caller has checked `length` against the file's size before they are allocated. */
export async function readBytes(
  file: string,
  handle: FileHandle,
  position: number,
  length: number,
): Promise<Buffer<ArrayBuffer>> {
  const bytes = Buffer.allocUnsafeSlow(length);
  await fill(file, handle, position, [bytes]);
  return bytes;
}

/**
 * Reads parts of a file in few large sequential reads, each part into memory of its own: keeping one tensor does not keep
 * the others, and every tensor is aligned however it lies in the file.
 */
export async function readParts(
  file: string,
  handle: FileHandle,
  parts: readonly Part[],
): Promise<Buffer<ArrayBuffer>[]> {
  const buffers = parts.map(({ length }) => Buffer.allocUnsafeSlow(length));
  const order = parts.map((part, i) => ({ ...part, i })).sort((a, b) => a.position - b.position);
  const gap = Buffer.allocUnsafeSlow(MAX_GAP);
  let batch: Buffer[] = [];
  let begin = 0;
  let end = 0;
  for (const { position, length, i } of order) {
    const between = position - end;
    const joins = between >= 0 && between <= MAX_GAP && batch.length < MAX_BUFFERS && end - begin + length <= BATCH;
    if (batch.length > 0 && !joins) {
      await fill(file, handle, begin, batch);
      batch = [];
    }
    if (batch.length === 0) begin = position;
    else if (between > 0) batch.push(gap.subarray(0, between));
    batch.push(buffers[i] as Buffer);
    end = position + length;
  }
  await fill(file, handle, begin, batch);
  return buffers;
}

async function fill(file: string, handle: FileHandle, position: number, buffers: readonly Buffer[]): Promise<void> {
  let rest = buffers.filter(({ length }) => length > 0);
  while (rest.length > 0) {
    const { bytesRead } = await uninterrupted(() => readv(handle.fd, rest, position));
    if (bytesRead === 0) throw invalid(file, 'truncated');
    position += bytesRead;
    let left = bytesRead;
    let full = 0;
    while (full < rest.length && left >= (rest[full] as Buffer).length) left -= (rest[full++] as Buffer).length;
    rest = rest.slice(full);
    if (left > 0) rest[0] = (rest[0] as Buffer).subarray(left);
  }
}
