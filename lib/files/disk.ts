import { statfs } from 'node:fs/promises';

/** Bytes of disk that are free in a folder; undefined where it is not there, or its file system does not say. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  const disk = await statfs(folder).catch(() => undefined);
  // Some file systems over a network say that they have no blocks at all.
  return disk === undefined || disk.blocks === 0 ? undefined : disk.bavail * disk.bsize;
}

/** Bytes as a person reads them: `97.8 MB`, `1.2 GB`. */
export function shownBytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
