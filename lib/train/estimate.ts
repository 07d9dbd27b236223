import type { TrainingSession } from '../backend/types';
import type { ResolvedTrainOptions } from '../options';
import type { TrainEvent } from './events';
import { duration } from '../text/duration';
import { nativeCommand } from './native-command';
import { runSteps } from './steps';

/** What a run is going to do. */
export interface RunSize {
  images: number;
  valImages: number;
  /** Side of the crops. */
  size: number;
  /** Optimizer steps that a run which goes on has done already. */
  done: number;
}

/** How long the rest of the run takes, and what would do the same in less time, where the backend is a slow one; undefined elsewhere. */
export async function estimateRun(
  session: TrainingSession,
  options: ResolvedTrainOptions,
  run: RunSize,
): Promise<TrainEvent | undefined> {
  if (session.estimateSeconds === undefined) return undefined;
  const { stepsPerEpoch, total } = runSteps(run.images, options);
  // What a batch costs by itself does not go down where several make a step.
  const { done, ...size } = run;
  const epochs = Math.max(0, total - done) / stepsPerEpoch;
  const work = { ...size, epochs, stepsPerEpoch: Math.ceil(run.images / options.batchSize) };
  const seconds = Math.round(await session.estimateSeconds(work));
  const note = `about ${duration(seconds)} with the js backend; with LibTorch, faster: ${nativeCommand(options)}`;
  return { kind: 'estimate', seconds, note };
}
