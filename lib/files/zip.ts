import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import yauzl from 'yauzl';
import { readFully } from './read';

/** Bytes that a stream reads at once. */
const CHUNK = 256 * 1024;

/**
 * A zip whose damage is always a rejected promise. yauzl computes positions from what the file says, and with some of them its
 * callbacks throw, where nobody could catch it and no promise would settle.
 */
export class GuardedZip {
  private constructor(
    private readonly zip: yauzl.ZipFile,
    private readonly reader: GuardedReader,
  ) {}

  /**
   * Reads where the directory is; the file stays the caller's to close.
   *
   * @throws yauzl's error, or the file system's
   */
  static async open(handle: FileHandle): Promise<GuardedZip> {
    const { size } = await handle.stat();
    const reader = new GuardedReader(handle);
    const opening = yauzl.fromRandomAccessReaderPromise(reader, size, { autoClose: false, lazyEntries: true });
    return new GuardedZip(await reader.guard(opening), reader);
  }

  /** Must be called before the file is closed: streams that nobody has read to their end then stop. */
  close(): void {
    this.reader.closed = true;
  }

  get entryCount(): number {
    return this.zip.entryCount;
  }

  /** All entries, in the order of the directory; can be asked for once. */
  async *entries(): AsyncGenerator<yauzl.Entry> {
    const entries = this.zip.eachEntry();
    for (;;) {
      const next = await this.reader.guard(entries.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  /** Where the bytes of an entry begin in the file. */
  async dataStart(entry: yauzl.Entry): Promise<number> {
    return (await this.reader.guard(this.zip.readLocalFileHeaderPromise(entry, { minimal: true }))).fileDataStart;
  }

  /** The bytes of an entry, decompressed. */
  openReadStream(entry: yauzl.Entry): Promise<Readable> {
    const opening = this.zip.openReadStreamPromise(entry).then((stream) => {
      // yauzl passes zlib's errors on in a later turn, also once whoever read has given up, or has not begun: where nobody listens any
      // more they would end the process.
      stream.on('error', (error: Error) => stream.destroy(error));
      return stream;
    });
    return this.reader.guard(opening);
  }
}

/** Reads a file for yauzl, and catches what yauzl throws when it is given the bytes. */
class GuardedReader extends yauzl.RandomAccessReader {
  closed = false;
  private fail: (error: Error) => void = () => {};
  private readonly failure = new Promise<never>((_, reject) => (this.fail = reject));

  constructor(private readonly handle: FileHandle) {
    super();
    // Whoever waits has it from guard.
    this.failure.catch(() => {});
  }

  guard<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.failure]);
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.fill(buffer.subarray(offset, offset + length), position)
      .then(
        (bytesRead) => callback(null, bytesRead),
        (error: unknown) => callback(error as Error),
      )
      .catch((error: unknown) => this.fail(error as Error));
  }

  override _readStreamForRange(start: number, end: number): Readable {
    // Not the file's own stream, which would close the file where reading is given up.
    return Readable.from(this.chunks(start, end), { objectMode: false });
  }

  private async *chunks(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, end - at));
      // yauzl may still be reading where an entry's compressed bytes go on after their end: nothing waits for the rest, and
      // nothing listens to its errors.
      const length = await this.fill(chunk, at).catch((error: unknown) =>
        this.closed ? new Promise<never>(() => {}) : Promise.reject(error as Error),
      );
      if (length === 0) return;
      yield chunk.subarray(0, length);
      at += length;
    }
  }

  private async fill(buffer: Buffer, position: number): Promise<number> {
    if (!Number.isSafeInteger(position)) throw new Error('the zip names a place far outside the file');
    return readFully(this.handle, buffer, position);
  }
}
