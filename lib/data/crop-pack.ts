import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { closing } from '../files/closing';
import { closeRead, readFully } from '../files/read';

/*
 * A pack holds many crops of one kind in one file, all of the same number of bytes:
 *   crops        count x bytes
 *   index        count x (SHA-256 of the image's file, CRC-32 of the crop)
 *   trailer      kind (32 bytes), count, bytes, CRC-32 of index and trailer up to here (4 bytes each), magic (8 bytes)
 * Numbers are little-endian. What stands at the end is written last, so that a file that was cut off is known by it.
 */
const MAGIC = Buffer.from('RFTCROP1', 'latin1');
const KEY_BYTES = 32;
const INDEX_BYTES = KEY_BYTES + 4;
const TRAILER_BYTES = KEY_BYTES + 12 + MAGIC.length;

/** A whole pack, opened for reading. */
export interface Pack {
  file: string;
  bytes: number;
  /** The SHA-256 of each crop's image, in order; latin1. */
  keys: string[];
  checksums: number[];
}

/**
 * Reads what a pack holds; undefined where the file is none, damaged, cut off, or of another kind.
 *
 * @param kind 32 bytes in latin1 that tell how the crops were made
 * @param bytes of one crop
 */
export async function readPack(file: string, kind: string, bytes: number): Promise<Pack | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    if (size < TRAILER_BYTES) return undefined;
    const trailer = await readAt(handle, size - TRAILER_BYTES, TRAILER_BYTES);
    if (!trailer?.subarray(-MAGIC.length).equals(MAGIC)) return undefined;
    const count = trailer.readUInt32LE(KEY_BYTES);
    if (trailer.toString('latin1', 0, KEY_BYTES) !== kind || trailer.readUInt32LE(KEY_BYTES + 4) !== bytes) {
      return undefined;
    }
    if (size !== count * (bytes + INDEX_BYTES) + TRAILER_BYTES) return undefined;
    const index = await readAt(handle, count * bytes, count * INDEX_BYTES);
    if (index === undefined || trailer.readUInt32LE(KEY_BYTES + 8) !== checksumOf(index, trailer)) return undefined;
    const keys: string[] = [];
    const checksums: number[] = [];
    for (let at = 0; at < index.length; at += INDEX_BYTES) {
      keys.push(index.toString('latin1', at, at + KEY_BYTES));
      checksums.push(index.readUInt32LE(at + KEY_BYTES));
    }
    return { file, bytes, keys, checksums };
  } catch {
    return undefined;
  } finally {
    await closeRead(handle);
  }
}

/** The crop at an index of an open pack; undefined where its bytes are not those that were written. */
export async function readCrop(handle: FileHandle, pack: Pack, index: number): Promise<Buffer | undefined> {
  const crop = await readAt(handle, index * pack.bytes, pack.bytes);
  return crop !== undefined && crc32(crop) === pack.checksums[index] ? crop : undefined;
}

/** Writes a pack; the caller gives it its name once it is whole. */
export class PackWriter {
  private readonly index: Buffer[] = [];
  private readonly pending = new Set<Promise<void>>();
  private failure: unknown;

  private constructor(
    private readonly handle: FileHandle,
    private readonly kind: string,
    private readonly bytes: number,
  ) {}

  /** @throws the file system's error */
  static async create(file: string, kind: string, bytes: number): Promise<PackWriter> {
    return new PackWriter(await open(file, 'wx', 0o600), kind, bytes);
  }

  get count(): number {
    return this.index.length;
  }

  /** Bytes of the file once it is whole. */
  get size(): number {
    return this.index.length * (this.bytes + INDEX_BYTES) + TRAILER_BYTES;
  }

  /**
   * Adds a crop; calls may overlap.
   *
   * @throws the file system's error
   */
  async add(key: string, crop: Uint8Array): Promise<void> {
    const at = this.index.length * this.bytes;
    const entry = Buffer.alloc(INDEX_BYTES);
    entry.write(key, 'latin1');
    entry.writeUInt32LE(crc32(crop), KEY_BYTES);
    this.index.push(entry);
    const writing = writeAt(this.handle, crop, at);
    this.pending.add(writing);
    try {
      await writing;
    } catch (error) {
      this.failure ??= error;
      throw error;
    } finally {
      this.pending.delete(writing);
    }
  }

  /**
   * Ends the file. It is not synchronised: what a crash of the system leaves is told by lengths and checksums, and made anew.
   *
   * @throws the first error of any write
   */
  async finish(): Promise<void> {
    await closing(
      () => this.handle.close(),
      () => this.writeEnd(),
    );
  }

  private async writeEnd(): Promise<void> {
    await Promise.allSettled(this.pending);
    if (this.failure !== undefined) throw this.failure as Error;
    const index = Buffer.concat(this.index);
    const trailer = Buffer.alloc(TRAILER_BYTES);
    trailer.write(this.kind, 'latin1');
    trailer.writeUInt32LE(this.index.length, KEY_BYTES);
    trailer.writeUInt32LE(this.bytes, KEY_BYTES + 4);
    trailer.writeUInt32LE(checksumOf(index, trailer), KEY_BYTES + 8);
    MAGIC.copy(trailer, KEY_BYTES + 12);
    await writeAt(this.handle, Buffer.concat([index, trailer]), this.index.length * this.bytes);
  }
}

function checksumOf(index: Buffer, trailer: Buffer): number {
  return crc32(trailer.subarray(0, KEY_BYTES + 8), crc32(index));
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafe(length);
  return (await readFully(handle, bytes, position)) === length ? bytes : undefined;
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
