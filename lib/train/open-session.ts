import { madeOn } from '../backend/out-of-memory';
import type { TrainingSession } from '../backend/types';
import type { Dataset } from '../data/dataset';
import { buildNetwork } from '../network/architecture';
import { threadsOfTeam } from '../team/threads';
import type { ResolvedTrainOptions } from '../options';
import { cropStorage, imageBytes, type CropStorage } from './crop-storage';
import { featureCache, featureMemory } from './feature-room';
import type { Trainer } from './open-backend';
import { plannedBytes, requireNames, requireRoom, takenBytes } from './room';
import type { RunControl } from './run';
import type { RunFolder } from './run-folder';
import { loadStart, type Start } from './start';
import { runSteps } from './steps';

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
 * @param scratch whether it saves nothing
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE; DATA_INVALID for names of classes that no model file has room for
 */
export async function shareRoom({ options, trainer, dataset, start, folder }: SessionParts, scratch = false) {
  const { arch, preprocessing } = start;
  const steps = runSteps(dataset.train.length, options).total;
  const { precision } = trainer;
  const files = {
    arch,
    classes: dataset.classes,
    precision,
    steps,
    // A plan for a time comes only once its steps can be measured.
    endsEarly: options.maxTime !== undefined || options.patience !== undefined,
    calibrate: options.calibrate,
    valImages: dataset.val.length,
    checkpointCopies: checkpointCopies(options),
  };
  if (!scratch) requireNames({ arch, preprocessing, classes: dataset.classes });
  const results = scratch ? 0 : Math.max(0, plannedBytes(files) - (await takenBytes(folder)));
  await requireRoom(folder, results);
  const memory = featureMemory(options, trainer);
  const crops = imageBytes(options, preprocessing, dataset.train.length, dataset.val.length);
  const storage: CropStorage = cropStorage(options, folder, memory, results, crops);
  return { storage, features: await featureCache(options, trainer, folder, memory, storage.cache.reserve) };
}

/** How many times the weights a checkpoint holds, at most. */
function checkpointCopies({ checkpointEvery, optimizer, momentum, ema, keep }: ResolvedTrainOptions): number {
  if (checkpointEvery === 'never') return 0;
  const own = optimizer === 'adamw' ? 2 : momentum > 0 ? 1 : 0;
  return 1 + own + (ema === undefined ? 0 : 1) + (keep === 'min-batch-loss' ? 1 : 0);
}

/**
 * Makes the session of a run; the caller closes it.
 *
 * @throws ResnetFtError OUT_OF_MEMORY
 */
export async function createSession(
  { options, trainer, dataset, start }: SessionParts,
  features: Awaited<ReturnType<typeof featureCache>>,
): Promise<TrainingSession> {
  const { backend, device, precision, recipe } = trainer;
  const { mean, std } = start.preprocessing;
  // cuBLAS reads it when it begins, and only then gives the same bits each time.
  if (options.deterministic) process.env['CUBLAS_WORKSPACE_CONFIG'] ??= ':4096:8';
  const making = backend.createSession({
    network: buildNetwork(start.arch, dataset.classes.length),
    device,
    precision,
    threads: options.threads ?? threadsOfTeam(),
    deterministic: options.deterministic,
    ...(options.syncBatchNorm ? { syncBatchNorm: true } : {}),
    recipe,
    mean: [...mean],
    std: [...std],
    ...features,
    ...(options.augmentThreads === undefined ? {} : { prefetchThreads: options.augmentThreads }),
  });
  return madeOn(device, making);
}

/**
 * Loads the weights to start from, where there are any.
 *
 * @throws ResnetFtError WEIGHTS_MISMATCH, WEIGHTS_INVALID or DATA_INVALID
 */
export async function loadWeights(
  session: TrainingSession,
  { dataset, start }: SessionParts,
  { emit }: RunControl,
): Promise<void> {
  const { weights, arch } = start;
  if (weights !== undefined) emit(await loadStart(session, weights, arch, dataset.classes));
}
