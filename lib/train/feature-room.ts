import type { SessionOptions } from '../backend/types';
import type { ResolvedTrainOptions } from '../options';
import { bytesOf } from '../options/size';
import { freeBytes } from '../files/disk';
import { SCRATCH, type RunFolder } from './run-folder';

/** Share of what is free that the features may take where the caller says nothing. */
const SHARE = 0.5;

type CacheOptions = Pick<SessionOptions, 'cacheMemory' | 'cacheDisk' | 'cacheFile' | 'cacheBf16'>;

/** Bytes of memory that the features of the frozen modules may take. */
export function featureMemory({ cacheMemory }: Pick<ResolvedTrainOptions, 'cacheMemory'>): number {
  // Counts the limit of a container too.
  return cacheMemory === undefined ? Math.floor(process.availableMemory() * SHARE) : bytesOf(cacheMemory);
}

/**
 * Where the features of the frozen modules are kept, and how much of them.
 *
 * @param memory bytes of it that they may take
 * @param reserve bytes of the output folder's disk that the run needs for more than them
 */
export async function featureCache(
  options: ResolvedTrainOptions,
  folder: RunFolder,
  memory: number,
  reserve: number,
): Promise<CacheOptions> {
  const { cacheDisk, cacheBf16 } = options;
  return {
    cacheMemory: memory,
    cacheDisk: cacheDisk === undefined ? await spareDisk(folder.path, reserve) : bytesOf(cacheDisk),
    cacheFile: folder.file(SCRATCH),
    cacheBf16,
  };
}

async function spareDisk(folder: string, reserve: number): Promise<number> {
  const free = (await freeBytes(folder)) ?? 0; // a file system that does not say
  return Math.max(0, Math.floor((free - reserve) * SHARE));
}
