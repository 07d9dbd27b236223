import { ResnetFtError } from '../errors';
import type { Checkpoints } from './checkpoints';
import type { TrainEvent } from './events';
import { fit, type FitOptions, type FitResult } from './fit';
import type { Progress } from './progress';
import type { RunFolder } from './run-folder';
import { counted } from '../text/count';

/** What the learning rates are multiplied by after a loss that was not finite. */
const SLOWER = 0.5;

/**
 * As {@link fit}; where the loss is no number any more, the run goes back to its last checkpoint, once, and on with half the learning rate.
 *
 * @throws ResnetFtError as fit; TRAINING_DIVERGED the second time, or where there is no checkpoint
 */
export async function fitOrGoBack(
  options: FitOptions,
  progress: Progress,
  run: { checkpoints: Checkpoints; folder: RunFolder; emit: (event: TrainEvent) => void },
): Promise<FitResult> {
  try {
    return await fit(options, progress);
  } catch (error) {
    const hasDiverged = error instanceof ResnetFtError && error.code === 'TRAINING_DIVERGED';
    if (!hasDiverged || progress.rateFactor < 1) throw error;
    await run.checkpoints.settle();
    const checkpoint = await run.checkpoints.read();
    if (checkpoint === undefined) throw error;
    await options.session.restore(checkpoint.state);
    run.folder.cutMetrics(checkpoint.metricsEnd);
    Object.assign(progress, checkpoint.progress, { rateFactor: SLOWER });
    const { steps } = progress;
    const note = `${error.message}: back to the checkpoint after ${counted(steps, 'step')}, and on with half the learning rate`;
    run.emit({ kind: 'note', note });
    return fit(options, progress);
  }
}
