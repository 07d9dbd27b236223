import { createHash, randomBytes, webcrypto } from 'node:crypto';
import { open, readdir, rename, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { freeBytes } from '../files/disk';
import { makeFolder } from '../files/make-folder';
import { closeRead } from '../files/read';
import { removeStale, temporaryName } from '../files/stale';
import { PackWriter, readCrop, readPack, type Pack } from './crop-pack';

const PACK_BYTES = 256_000_000;

/** Share of the free disk that the cache may fill. */
const FREE_SHARE = 0.5;

// Only files with these names are ever removed, and the temporary files of those that they are of.
const PACK_NAME = /^[0-9a-f]{16}\.crops$/;

export interface CropCacheOptions {
  /** Folder of the packs; made where it is missing. */
  dir: string;
  /** Bytes that the packs may take together; the least recently used are removed. */
  limit: number;
  /** Everything beside the image's bytes that decides on the crop's bytes. */
  kind: string;
  /** Bytes of one crop. */
  bytes: number;
  /** Bytes of the disk that the run needs for more than this cache. */
  reserve?: number;
  /** Bytes after which a new pack is begun, default 256 MB: packs are what is removed when room is needed. */
  packBytes?: number;
}

/** A pack that is being written, and the name that it will have. */
interface Writing {
  pack: PackWriter;
  file: string;
  temporary: string;
}

/**
 * Crops of earlier runs on disk, found by the content of the image's file. Several processes may use one folder: packs are
 * written under a temporary name and never changed afterwards. Whatever goes wrong with it only means that crops are made anew.
 */
export class CropCache {
  private readonly places = new Map<string, { pack: Pack; index: number }>();
  private readonly handles = new Map<string, Promise<FileHandle | undefined>>();
  /** Packs that this run used or wrote, with their sizes. */
  private readonly used = new Map<string, number>();
  private readonly added = new Set<string>();
  private writer: Promise<Writing> | undefined;
  private room = Infinity;
  private hits = 0;
  private failure: string | undefined;

  private constructor(
    private readonly options: CropCacheOptions,
    private readonly kind: string,
  ) {}

  /** Reads which crops are there; a folder that can't be read counts as empty. */
  static async open(options: CropCacheOptions): Promise<CropCache> {
    const kind = createHash('sha256').update(options.kind).digest().toString('latin1');
    const cache = new CropCache(options, kind);
    for (const { file } of await listPacks(options.dir)) {
      const pack = await readPack(file, kind, options.bytes);
      pack?.keys.forEach((key, index) => cache.places.set(key, { pack, index }));
    }
    return cache;
  }

  /** The name of an image's crop. */
  static async key(content: Uint8Array): Promise<string> {
    // On another thread: large photographs would keep the main one busy.
    return Buffer.from(await webcrypto.subtle.digest('SHA-256', content)).toString('latin1');
  }

  /** Crops that {@link get} found. */
  get found(): number {
    return this.hits;
  }

  /** Why crops could not be written, where they could not. */
  get problem(): string | undefined {
    return this.failure;
  }

  /** The crop; undefined where there is none, or its bytes are damaged. */
  async get(key: string): Promise<Buffer | undefined> {
    const place = this.places.get(key);
    if (place === undefined) return undefined;
    const { pack, index } = place;
    try {
      let handle = this.handles.get(pack.file);
      if (handle === undefined) {
        handle = open(pack.file, 'r').catch(() => undefined); // removed by another process
        this.handles.set(pack.file, handle);
      }
      const opened = await handle;
      const crop = opened === undefined ? undefined : await readCrop(opened, pack, index);
      if (crop !== undefined) {
        this.used.set(pack.file, pack.keys.length * pack.bytes);
        this.hits++;
        return crop;
      }
      // The rest of a damaged pack is not to be trusted either.
      if (opened !== undefined) await this.drop(pack);
    } catch {
      // As good as not there.
    }
    this.places.delete(key);
    return undefined;
  }

  /** Keeps a crop for later runs, as far as there is room; never fails. */
  async add(key: string, crop: Uint8Array): Promise<void> {
    if (this.failure !== undefined || this.added.has(key)) return;
    this.added.add(key);
    try {
      let writer;
      let current;
      do {
        writer = this.writer ??= this.begin();
        current = await writer;
      } while (writer !== this.writer); // full in the meantime
      const { pack, file } = current;
      // One run must not push out what it has just used or written.
      const taken = [...this.used.values()].reduce((sum, size) => sum + size, 0);
      if (taken + pack.size + crop.length > this.room) return;
      const writing = pack.add(key, crop);
      const full = pack.size >= (this.options.packBytes ?? PACK_BYTES);
      if (full) {
        this.used.set(file, pack.size);
        this.writer = undefined;
      }
      await Promise.all([writing, full ? this.publish(current).then(() => this.makeRoom()) : undefined]);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Publishes what was added, and removes what has no room, which {@link makeRoom} has not done yet; never fails. */
  async close(): Promise<void> {
    try {
      for (const handle of this.handles.values()) await closeRead(await handle);
      const writer = await this.writer;
      if (writer !== undefined) await this.publish(writer);
    } catch (error) {
      this.fail(error);
    }
    const now = new Date();
    for (const file of this.used.keys()) await utimes(file, now, now).catch(() => {});
    await prune(this.options.dir, this.options.limit);
  }

  /**
   * Removes packs of which this run can have no use while it goes on: a large set would else take twice the limit until its end. Those of its own
   * kind may be read yet, and stay until {@link close}, whatever they were last used for.
   */
  private async makeRoom(): Promise<void> {
    const own = new Set(this.used.keys());
    for (const { pack } of this.places.values()) own.add(pack.file);
    await prune(this.options.dir, this.options.limit, own);
  }

  private async drop(pack: Pack): Promise<void> {
    for (const key of pack.keys) if (this.places.get(key)?.pack === pack) this.places.delete(key);
    this.used.delete(pack.file);
    await rm(pack.file, { force: true });
  }

  private async begin(): Promise<Writing> {
    const { dir, limit, bytes, reserve = 0 } = this.options;
    await makeFolder(dir, 0o700);
    if (this.room === Infinity) this.room = Math.min(limit, await spareDisk(dir, reserve));
    const file = path.join(dir, `${randomBytes(8).toString('hex')}.crops`);
    const temporary = temporaryName(file);
    return { pack: await PackWriter.create(temporary, this.kind, bytes), file, temporary };
  }

  private async publish({ pack, file, temporary }: Writing): Promise<void> {
    try {
      const empty = pack.count === 0;
      await pack.finish();
      if (empty) await rm(temporary, { force: true });
      else await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
  }

  private fail(error: unknown): void {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    this.failure ??= `${this.options.dir} can't be written (${reason})`;
  }
}

async function spareDisk(dir: string, reserve: number): Promise<number> {
  // Where the file system does not say, a full disk is noticed when it is written to.
  const free = (await freeBytes(dir)) ?? Infinity;
  return Math.max(0, Math.floor((free - reserve) * FREE_SHARE));
}

/** The packs of a folder, those used last at the end. */
async function listPacks(dir: string): Promise<{ file: string; size: number; used: number }[]> {
  const names = await readdir(dir).catch(() => []);
  const packs = [];
  for (const name of names.filter((one) => PACK_NAME.test(one))) {
    const file = path.join(dir, name);
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile() === true) packs.push({ file, size: found.size, used: found.mtimeMs });
  }
  return packs.sort((a, b) => a.used - b.used);
}

/**
 * Removes the packs used longest ago until the rest fits, and what killed processes left.
 *
 * @param kept files that stay, whatever there is room for
 */
async function prune(dir: string, limit: number, kept: ReadonlySet<string> = new Set()): Promise<void> {
  const packs = await listPacks(dir);
  let total = packs.reduce((sum, { size }) => sum + size, 0);
  for (const { file, size } of packs) {
    if (total <= limit) break;
    if (kept.has(file)) continue;
    await rm(file, { force: true }).catch(() => {}); // Windows keeps what another process reads
    total -= size;
  }
  await removeStale(dir, (base) => PACK_NAME.test(base));
}
