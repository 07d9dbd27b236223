import type { TrainingSession } from '../backend/types';
import { ResnetFtError } from '../errors';
import type { Checkpoints } from './checkpoints';
import type { TrainSplit } from './fit';
import { trySteps, type TrialRun } from './trial';

/** How LibTorch says that there is no memory: of CUDA's allocator, of cuDNN and cuBLAS, of the CPU's, and std::bad_alloc. */
const NO_MEMORY =
  /out of memory|not enough memory|can't allocate memory|CUDNN_STATUS_ALLOC_FAILED|CUBLAS_STATUS_ALLOC_FAILED|bad_alloc/i;

/** Whether an error says that a batch did not fit into memory. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && NO_MEMORY.test(error.message);
}

/**
 * Finds the greatest batch that fits, of halves of the one that did not, by trying a step of each; undefined where not even one image
 * does. The session is to be given a state afterwards.
 */
async function fittingBatch(run: Omit<TrialRun, 'val'>): Promise<number | undefined> {
  for (let batchSize = Math.floor(run.batchSize / 2); batchSize >= 1; batchSize = Math.floor(batchSize / 2)) {
    try {
      await trySteps({ ...run, batchSize }, 1);
      return batchSize;
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
    }
  }
  return undefined;
}

/**
 * The error of a run whose batches do not fit, with what would. Leaves the session in a state of no use.
 *
 * @param error what the step threw
 * @param checkpoints from whose last one the sizes are tried
 */
export async function outOfMemory(
  error: Error,
  { session, cropped, groups }: { session: TrainingSession; cropped: { train: TrainSplit }; groups: number },
  { batchSize }: { batchSize: number },
  checkpoints: Pick<Checkpoints, 'read'>,
): Promise<ResnetFtError> {
  let fits: number | undefined;
  try {
    const checkpoint = await checkpoints.read();
    if (checkpoint !== undefined) {
      await session.restore(checkpoint.state);
      fits = await fittingBatch({ session, train: cropped.train, batchSize, accumulate: 1, groups });
    }
  } catch {
    // Then nothing is known of other sizes.
  }
  return new ResnetFtError(
    'NATIVE_ERROR',
    `A batch of ${batchSize} images does not fit into memory: ${error.message}`,
    {
      hint: hintOf(fits, batchSize),
      cause: error,
    },
  );
}

function hintOf(fits: number | undefined, batchSize: number): string {
  if (fits === undefined) return 'Make room on the device, or train less of the network with --train-from';
  const accumulate = Math.ceil(batchSize / fits);
  return `Batches of ${fits} fit: --batch-size ${fits}, and with --accumulate ${accumulate} beside it each step has as many images as before`;
}
