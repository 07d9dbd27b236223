import { batchDoesNotFit, fittingBatch } from '../backend/out-of-memory';
import type { TrainingSession } from '../backend/types';
import type { ResnetFtError } from '../errors';
import type { Checkpoints } from './checkpoints';
import type { TrainSplit } from './fit';
import { trySteps } from './trial';

/**
 * The error of a run whose batches do not fit, with what would: a step of each of its halves is tried. Leaves the session in a state of no use.
 *
 * @param error what the step threw
 * @param checkpoints from whose last one the sizes are tried; left out before the first, and where there are none
 */
export async function outOfMemory(
  error: Error,
  { session, cropped, groups }: { session: TrainingSession; cropped: { train: TrainSplit }; groups: number },
  { batchSize }: { batchSize: number },
  checkpoints?: Pick<Checkpoints, 'read'>,
): Promise<ResnetFtError> {
  let fits: number | undefined;
  try {
    const checkpoint = await checkpoints?.read();
    if (checkpoint !== undefined) await session.restore(checkpoint.state);
    if (checkpoint !== undefined || checkpoints === undefined) {
      const run = { session, train: cropped.train, accumulate: 1, groups };
      fits = await fittingBatch(batchSize, (size) => trySteps({ ...run, batchSize: size }, 1));
    }
  } catch {
    // Then nothing is known of other sizes.
  }
  return batchDoesNotFit(error, batchSize, hintOf(fits, batchSize));
}

function hintOf(fits: number | undefined, batchSize: number): string {
  if (fits === undefined) return 'Make room on the device, or train less of the network with --train-from';
  const accumulate = Math.ceil(batchSize / fits);
  return `Batches of ${fits} fit: --batch-size ${fits}, and with --accumulate ${accumulate} beside it each step has as many images as before`;
}
