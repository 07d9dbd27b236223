import type { TrainingSession } from '../backend/types';
import type { Dataset } from '../data/dataset';
import { buildNetwork } from '../network/architecture';
import { defaultThreads } from '../machine/threads';
import type { ResolvedTrainOptions } from '../options';
import { cropStorage, imageBytes, type CropStorage } from './crop-storage';
import { featureCache, featureMemory } from './feature-room';
import type { Trainer } from './open-backend';
import { plannedBytes, requireRoom } from './room';
import type { RunControl } from './run';
import type { RunFolder } from './run-folder';
import { loadStart, type Start } from './start';

/** What a session is made of. */
export interface SessionParts {
  options: ResolvedTrainOptions;
  trainer: Trainer;
  dataset: Dataset;
  start: Start;
  folder: RunFolder;
}

/**
 * Shares out disk and memory, and refuses a run that could not save what it makes.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE
 */
export async function shareRoom({ options, trainer, dataset, start, folder }: SessionParts) {
  const { arch, preprocessing } = start;
  const batches = Math.ceil(dataset.train.length / options.batchSize);
  const steps = Math.min(options.steps ?? Infinity, options.epochs * batches);
  const { precision } = trainer;
  const files = { arch, classes: dataset.classes, precision, steps, valImages: dataset.val.length };
  const results = plannedBytes(files);
  await requireRoom(folder, results);
  const memory = featureMemory(options, trainer);
  const crops = imageBytes(options, preprocessing, dataset.train.length, dataset.val.length);
  const storage: CropStorage = cropStorage(options, folder, memory, results, crops);
  return { storage, features: await featureCache(options, trainer, folder, memory, storage.cache.reserve) };
}

/** Makes the session of a run; the caller closes it. */
export async function createSession(
  { options, trainer, dataset, start }: SessionParts,
  features: Awaited<ReturnType<typeof featureCache>>,
): Promise<TrainingSession> {
  const { backend, device, precision, recipe } = trainer;
  const { mean, std } = start.preprocessing;
  return backend.createSession({
    network: buildNetwork(start.arch, dataset.classes.length),
    device,
    precision,
    threads: options.threads ?? defaultThreads(),
    recipe,
    mean: [...mean],
    std: [...std],
    ...features,
    ...(options.augmentThreads === undefined ? {} : { prefetchThreads: options.augmentThreads }),
  });
}

/**
 * Loads the weights to start from, where there are any.
 *
 * @throws ResnetFtError WEIGHTS_MISMATCH or WEIGHTS_INVALID
 */
export async function loadWeights(
  session: TrainingSession,
  { dataset, start }: SessionParts,
  { emit }: RunControl,
): Promise<void> {
  const { weights, arch } = start;
  if (weights !== undefined) emit(await loadStart(session, weights, arch, dataset.classes.length));
}
