import { batchDoesNotFit, fittingBatch, isOutOfMemory } from '../backend/out-of-memory';
import { oneLine } from '../errors';
import type { Figure, WorkerJob } from './types';

/** What to do where not even one image fits: a benchmark has no `--device`. */
export function makeRoom({ backend }: Pick<WorkerJob, 'backend'>): string {
  return backend === 'native-cuda'
    ? 'Make room on the GPU, or leave native-cuda out of --backends'
    : 'Make room in memory';
}

/**
 * Runs one batch, or the measurement of it.
 *
 * @throws ResnetFtError OUT_OF_MEMORY where it does not fit into memory
 */
export async function withRoom<T>(batchSize: number, job: WorkerJob, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isOutOfMemory(error) ? batchDoesNotFit(error, batchSize, makeRoom(job)) : error;
  }
}

/**
 * The figure of a batch that does not fit into memory, with the one that would: no reason not to measure the others.
 *
 * @param infer runs one batch of so many images
 */
export async function doesNotFit(
  error: Error,
  batchSize: number,
  job: WorkerJob,
  infer: (batchSize: number) => Promise<unknown>,
): Promise<Figure> {
  const fits = await fittingBatch(batchSize, infer);
  const hint = fits === undefined ? makeRoom(job) : `Batches of ${fits} fit: --batch-sizes ${fits}`;
  return { batchSize, skipped: oneLine(`${batchDoesNotFit(error, batchSize, hint).message}. ${hint}`) };
}
