import type { FileHandle } from 'node:fs/promises';
import zlib from 'node:zlib';
import type { Entry } from 'yauzl';
import { GuardedZip } from '../files/zip';
import { invalid, quote, readBytes, readParts, type Part } from './file';

/** Entries at most, far above what torch.save writes: one per storage. */
export const MAX_ENTRIES = 20_000;

/** The stored entries of a zip that has all of them under one folder, as torch.save makes it. */
export interface TorchZip {
  /** The bytes of an entry of at most `limit` bytes, checked against its CRC; undefined where there is none. */
  read(name: string, limit: number): Promise<Buffer | undefined>;
  /** The same of many entries that are there, in large sequential reads. */
  readMany(names: readonly string[]): Promise<Buffer[]>;
  /** Bytes of an entry, before it is read; undefined where there is none. */
  size(name: string): number | undefined;
}

/**
 * Reads the directory of a zip. Sizes together are at most the file's, whatever the entries say.
 *
 * @throws Error or ResnetFtError where it is damaged, compressed, or not of torch.save.
 */
export async function openTorchZip(file: string, handle: FileHandle, size: number): Promise<TorchZip> {
  const entries = new Map<string, Entry>();
  const zip = await GuardedZip.open(handle);
  if (zip.entryCount > MAX_ENTRIES) throw invalid(file, `a zip of ${zip.entryCount} entries (at most ${MAX_ENTRIES})`);
  let total = 0;
  for await (const entry of zip.entries()) {
    const { fileName, compressedSize, uncompressedSize, compressionMethod } = entry;
    if (compressionMethod !== 0 || compressedSize !== uncompressedSize || entry.isEncrypted()) {
      throw invalid(file, `zip entry ${quote(fileName)} is compressed; torch.save stores its entries`);
    }
    if (entries.has(fileName)) throw invalid(file, `zip entry ${quote(fileName)} occurs twice`);
    // Entries that overlap could ask for more memory than the file has bytes.
    total += uncompressedSize;
    if (total > size) throw invalid(file, 'the zip entries are larger than the file');
    entries.set(fileName, entry);
  }
  const folders = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const folder = folders[0]?.slice(0, -'data.pkl'.length);
  if (folder === undefined || folders.length > 1) throw invalid(file, 'a zip, but not one of torch.save');

  const find = (name: string): Entry => {
    const entry = entries.get(folder + name);
    if (entry === undefined) throw invalid(file, `zip entry ${quote(folder + name)} is missing`);
    return entry;
  };
  const locate = async (entry: Entry): Promise<Part> => {
    return { position: await zip.dataStart(entry), length: entry.uncompressedSize };
  };
  const check = (entry: Entry, bytes: Buffer): Buffer => {
    if (zlib.crc32(bytes) === entry.crc32) return bytes;
    throw invalid(file, `zip entry ${quote(entry.fileName)} is damaged (CRC)`);
  };
  return {
    size: (name) => entries.get(folder + name)?.uncompressedSize,
    async read(name, limit) {
      if (!entries.has(folder + name)) return undefined;
      const entry = find(name);
      if (entry.uncompressedSize > limit) throw invalid(file, `zip entry ${quote(entry.fileName)} is too large`);
      const { position, length } = await locate(entry);
      return check(entry, await readBytes(file, handle, position, length));
    },
    async readMany(names) {
      const found = names.map(find);
      const parts: Part[] = [];
      for (const entry of found) parts.push(await locate(entry));
      return (await readParts(file, handle, parts)).map((bytes, i) => check(found[i] as Entry, bytes));
    },
  };
}
