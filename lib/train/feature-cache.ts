import type { SessionOptions } from '../backend/types';
import type { ResolvedTrainOptions } from '../options';
import { bytesOf } from '../options/size';
import { freeBytes } from './room';
import { SCRATCH, type RunFolder } from './run-folder';

/** Share of what is free that the features may take where the caller says nothing. */
const SHARE = 0.5;

type CacheOptions = Pick<SessionOptions, 'cacheMemory' | 'cacheDisk' | 'cacheFile' | 'cacheBf16'>;

/**
 * Where the features of the frozen modules are kept, and how much of them.
 *
 * @param reserve bytes of the output folder's disk that the run's results will need
 */
export async function featureCache(
  options: ResolvedTrainOptions,
  folder: RunFolder,
  reserve: number,
): Promise<CacheOptions> {
  const { cacheMemory, cacheDisk, cacheBf16 } = options;
  return {
    // Counts the limit of a container too.
    cacheMemory: cacheMemory === undefined ? Math.floor(process.availableMemory() * SHARE) : bytesOf(cacheMemory),
    cacheDisk: cacheDisk === undefined ? await spareDisk(folder.path, reserve) : bytesOf(cacheDisk),
    cacheFile: folder.file(SCRATCH),
    cacheBf16,
  };
}

async function spareDisk(folder: string, reserve: number): Promise<number> {
  const free = (await freeBytes(folder)) ?? 0; // a file system that does not say
  return Math.max(0, Math.floor((free - reserve) * SHARE));
}
