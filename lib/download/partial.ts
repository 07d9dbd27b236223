import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { readRegularFile } from '../files/regular-file';
import { sync } from '../files/sync';
import { hashFile } from './hash';
import { shownUrl } from './shown-url';

/** What is remembered of a download beside its bytes, so that another process can go on with it. */
interface Origin {
  /** Without a login. */
  url: string;
  /** Value for If-Range: an ETag or a date of change. */
  validator?: string | undefined;
  /** Bytes of the whole file. */
  total?: number | undefined;
}

function isOrigin(value: unknown): value is Origin {
  if (typeof value !== 'object' || value === null) return false;
  const { url, validator, total } = value as Record<string, unknown>;
  return (
    typeof url === 'string' &&
    (validator === undefined || typeof validator === 'string') &&
    (total === undefined || Number.isSafeInteger(total))
  );
}

/** A download that is not complete: `<file>.part`, and `<file>.part.json`, which says where it came from. */
export class PartialFile {
  readonly part: string;
  private readonly sidecar: string;
  private hash = createHash('sha256');
  private bytes = 0;
  private origin: Origin | undefined;

  private constructor(
    private readonly file: string,
    private readonly handle: FileHandle,
  ) {
    this.part = `${file}.part`;
    this.sidecar = `${file}.part.json`;
  }

  /**
   * Opens what an earlier download left, or begins a new one.
   *
   * @param trusted whether the bytes will be checked by a hash, so that going on without a validator is safe.
   */
  static async open(file: string, url: string, trusted: boolean, signal: AbortSignal): Promise<PartialFile> {
    const partial = new PartialFile(file, await openForUpdate(`${file}.part`));
    try {
      const size = (await partial.handle.stat()).size;
      const origin = await readOrigin(partial.sidecar);
      const fits = origin?.url === shownUrl(url) && (trusted || origin.validator !== undefined);
      if (fits && size > 0 && size <= (origin.total ?? Infinity)) {
        await hashFile(partial.part, partial.hash, signal, size);
        partial.bytes = size;
        partial.origin = origin;
      }
      return partial;
    } catch (error) {
      await partial.close().catch(() => {});
      throw error;
    }
  }

  /** Bytes there. */
  get length(): number {
    return this.bytes;
  }

  get total(): number | undefined {
    return this.origin?.total;
  }

  get validator(): string | undefined {
    return this.origin?.validator;
  }

  /** Starts from the first byte. */
  async begin(origin: Origin): Promise<void> {
    await this.clear();
    // Anybody may be able to read it. Nor is a link written through that others put in its place.
    await writeFile(this.sidecar, JSON.stringify({ ...origin, url: shownUrl(origin.url) }), { flag: 'wx' });
    this.origin = origin;
  }

  async append(bytes: Buffer): Promise<void> {
    this.hash.update(bytes);
    // By position, so that even a process that has lost the lock without knowing it writes the same bytes to the same place.
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, this.bytes + done);
      done += bytesWritten;
    }
    this.bytes += bytes.length;
  }

  /** SHA-256 of the bytes there, in lower-case hex. */
  digest(): string {
    return this.hash.copy().digest('hex');
  }

  /** Throws away what has come. */
  async clear(): Promise<void> {
    await rm(this.sidecar, { force: true });
    await this.handle.truncate(0);
    this.origin = undefined;
    this.bytes = 0;
    this.hash = createHash('sha256');
  }

  /** Gives the complete file its name. */
  async finish(): Promise<void> {
    await sync(this.handle);
    await this.handle.close();
    await rename(this.part, this.file);
    await rm(this.sidecar, { force: true });
  }

  /** Closes the file; nothing stays where nothing has come. */
  async close(): Promise<void> {
    await this.handle.close();
    if (this.bytes > 0) return;
    await rm(this.part, { force: true });
    await rm(this.sidecar, { force: true });
  }
}

async function openForUpdate(file: string): Promise<FileHandle> {
  // A link that others put there, in a folder that they can write to, is not followed; Windows has no such flag.
  return open(file, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0));
}

async function readOrigin(file: string): Promise<Origin | undefined> {
  try {
    const value: unknown = JSON.parse((await readRegularFile(file)).toString());
    return isOrigin(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
