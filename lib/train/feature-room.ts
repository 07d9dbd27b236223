import type { Recipe } from '../backend/recipe';
import type { Capabilities, SessionOptions } from '../backend/types';
import type { ResolvedTrainOptions } from '../options';
import { bytesOf } from '../options/size';
import { freeBytes } from '../files/disk';
import { availableMemory } from '../machine/cgroup';
import { SCRATCH, type RunFolder } from './run-folder';

/** Share of what is free that the features may take where the caller says nothing. */
const SHARE = 0.5;

/** What of a trainer decides whether features are kept. */
export interface FeatureTrainer {
  recipe: Recipe;
  backend: { capabilities: Pick<Capabilities, 'keptFeatures'> };
}

type CacheOptions = Pick<SessionOptions, 'cacheMemory' | 'cacheDisk' | 'cacheFile' | 'cacheBf16'>;

/** Whether the features of frozen modules are kept: not of images that are never the same twice. */
function keepsFeatures({ augment, views }: Recipe, { keptFeatures }: Pick<Capabilities, 'keptFeatures'>): boolean {
  return views !== undefined || augment.every(({ kind }) => keptFeatures.includes(kind));
}

/** What to say of a run that computes the features of its frozen modules in each epoch; undefined where it does not. */
export function computedEachTime({ recipe, backend }: FeatureTrainer): string | undefined {
  const frozen = recipe.parameterGroups[0]?.from !== 'conv1';
  if (!frozen || keepsFeatures(recipe, backend.capabilities)) return undefined;
  const mixed = recipe.augment.some(({ kind }) => kind === 'mixup' || kind === 'cutmix');
  const how = mixed ? 'mixup and CutMix leave nothing to keep' : '--cache-views K keeps those of K views of each image';
  return `images differ in each epoch, so that the features of the frozen modules are computed each time; ${how}`;
}

/** Bytes of memory that the features of the frozen modules may take; none where they are not kept. */
export function featureMemory(
  { cacheMemory }: Pick<ResolvedTrainOptions, 'cacheMemory'>,
  { recipe, backend: { capabilities } }: FeatureTrainer,
): number {
  if (!keepsFeatures(recipe, capabilities)) return 0;
  return cacheMemory === undefined ? Math.floor(availableMemory() * SHARE) : bytesOf(cacheMemory);
}

/**
 * Where the features of the frozen modules are kept, and how much of them.
 *
 * @param memory bytes of it that they may take
 * @param reserve bytes of the output folder's disk that the run needs for more than them
 */
export async function featureCache(
  options: ResolvedTrainOptions,
  { recipe, backend }: FeatureTrainer,
  folder: RunFolder,
  memory: number,
  reserve: number,
): Promise<CacheOptions> {
  const { cacheDisk, cacheBf16 } = options;
  if (!keepsFeatures(recipe, backend.capabilities)) return { cacheMemory: 0, cacheDisk: 0, cacheFile: '', cacheBf16 };
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
