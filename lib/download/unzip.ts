import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import type { Entry } from 'yauzl';
import { oneLine, ResnetFtError } from '../errors';
import { GuardedZip } from '../files/zip';
import { makeFolder } from '../files/make-folder';
import { closeRead } from '../files/read';
import { openRegularFile } from '../files/regular-file';
import { codeOf } from '../files/reason';

/** How much a zip may unpack to. */
export interface UnzipLimits {
  maxEntries: number;
  /** Bytes of all files together. */
  maxBytes: number;
  signal?: AbortSignal | undefined;
}

const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;
const DIRECTORY = 0o040000;

function invalid(zip: string, reason: string, cause?: unknown): ResnetFtError {
  return new ResnetFtError('DATA_INVALID', `${zip}: ${reason}`, { cause });
}

/** A name taken from an untrusted file, shortened to one line. */
const quote = (name: string): string => JSON.stringify(name.slice(0, 120));

/** Type bits of the Unix mode; 0 where the zip was made on a system without. */
function fileType(entry: Entry): number {
  return (entry.externalFileAttributes >>> 16) & FILE_TYPE;
}

/** Passes bytes on, and fails at the end where they are not those that the entry promises. */
function checkCrc(zip: string, entry: Entry): Transform {
  let crc = 0;
  return new Transform({
    transform(bytes: Buffer, _encoding, done) {
      crc = zlib.crc32(bytes, crc);
      done(null, bytes);
    },
    flush(done) {
      done(crc === entry.crc32 ? null : invalid(zip, `entry ${quote(entry.fileName)} is damaged (CRC)`));
    },
  });
}

async function unpack(zip: string, opened: GuardedZip, folder: string, limits: UnzipLimits): Promise<void> {
  if (opened.entryCount > limits.maxEntries) throw invalid(zip, `a zip of ${opened.entryCount} entries`);
  let total = 0;
  // yauzl refuses absolute names, names with .. or backslashes, and entries that unpack to more than they say.
  for await (const entry of opened.entries()) {
    const { fileName } = entry;
    const target = path.join(folder, fileName);
    if (!path.resolve(target).startsWith(path.resolve(folder) + path.sep)) {
      throw invalid(zip, `entry ${quote(fileName)} would leave the folder`);
    }
    const type = fileType(entry);
    const isFolder = fileName.endsWith('/');
    if (type !== 0 && type !== (isFolder ? DIRECTORY : REGULAR)) {
      throw invalid(zip, `entry ${quote(fileName)} is neither a file nor a folder`);
    }
    if (entry.isEncrypted()) throw invalid(zip, `entry ${quote(fileName)} is encrypted`);
    total += entry.uncompressedSize;
    if (total > limits.maxBytes) throw invalid(zip, `it unpacks to more than ${limits.maxBytes} bytes`);
    if (isFolder) {
      await makeFolder(target);
      continue;
    }
    await makeFolder(path.dirname(target));
    const options = limits.signal === undefined ? {} : { signal: limits.signal };
    const read = await opened.openReadStream(entry);
    // wx: an entry that is there twice is not written over.
    await pipeline(read, checkCrc(zip, entry), createWriteStream(target, { flags: 'wx', flush: true }), options);
  }
}

/**
 * Unpacks a zip into a folder that exists and is empty. No entry can leave the folder, be a link, or be larger than it says.
 *
 * @throws ResnetFtError DATA_INVALID naming the zip and the entry; what was unpacked until then is left to the caller.
 */
export async function unzip(zip: string, folder: string, limits: UnzipLimits): Promise<void> {
  const { handle } = await openRegularFile(zip).catch((error: unknown) => {
    throw codeOf(error) === undefined ? invalid(zip, (error as Error).message, error) : error;
  });
  let opened: GuardedZip | undefined;
  try {
    opened = await GuardedZip.open(handle);
    await unpack(zip, opened, folder, limits);
  } catch (error) {
    if (error instanceof ResnetFtError || limits.signal?.aborted) throw error;
    const code = codeOf(error);
    if (code === 'EEXIST') throw invalid(zip, 'two entries have the same name', error);
    // The system's own errors (a full disk) are not the zip's fault.
    if (code !== undefined && /^E[A-Z]+$/.test(code)) throw error;
    throw invalid(zip, oneLine(error instanceof Error ? error.message : String(error)), error);
  } finally {
    opened?.close();
    await closeRead(handle);
  }
}
