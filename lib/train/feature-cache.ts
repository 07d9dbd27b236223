import { statfs } from 'node:fs/promises';
import type { SessionOptions } from '../backend/types';
import type { ResolvedTrainOptions } from '../options';
import { bytesOf } from '../options/size';
import type { RunFolder } from './run-folder';

/** Share of what is free that the features may take where the caller says nothing. */
const SHARE = 0.5;

type CacheOptions = Pick<SessionOptions, 'cacheMemory' | 'cacheDisk' | 'cacheFile' | 'cacheBf16'>;

/** Where the features of the frozen modules are kept, and how much of them. */
export async function featureCache(options: ResolvedTrainOptions, folder: RunFolder): Promise<CacheOptions> {
  const { cacheMemory, cacheDisk, cacheBf16 } = options;
  return {
    // Counts the limit of a container too.
    cacheMemory: cacheMemory === undefined ? Math.floor(process.availableMemory() * SHARE) : bytesOf(cacheMemory),
    cacheDisk: cacheDisk === undefined ? await freeDisk(folder.path) : bytesOf(cacheDisk),
    cacheFile: folder.file('.features'),
    cacheBf16,
  };
}

async function freeDisk(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return Math.floor(bavail * bsize * SHARE);
  } catch {
    return 0; // a file system that does not say
  }
}
