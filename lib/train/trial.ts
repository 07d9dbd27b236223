import type { Samples, TrainingSession } from '../backend/types';
import { onAbort } from '../options';
import { trainingStopped, trainSamplesOf, type Split, type TrainSplit } from './fit';
import { stepsPerEpoch } from './steps';

// Steps that are done to see how long they take, or whether they fit into memory, and then undone.

/** What a trial needs of a run. */
export interface TrialRun {
  session: TrainingSession;
  train: TrainSplit;
  val: Split;
  batchSize: number;
  /** Batches of a step. */
  accumulate: number;
  /** Parameter groups of the recipe. */
  groups: number;
  /** Ends the trial within a batch. */
  signal?: AbortSignal;
}

/** Seconds of one training step and of the validation of one image. */
export interface Pace {
  step: number;
  valImage: number;
}

/** At most so many steps. */
const STEPS = 4;
/** Batches of validation. */
const BATCHES = 2;

/**
 * Measures a few steps and batches, twice: the first time what is done once is done too (features of frozen modules, searches for fast
 * algorithms). The session is afterwards as it was.
 *
 * @throws ResnetFtError ABORTED
 */
export async function measurePace(run: TrialRun): Promise<{ first: Pace; later: Pace }> {
  const { session, signal } = run;
  const before = await session.state();
  const forget = onAbort(signal, () => session.cancel());
  try {
    const first = await onePace(run);
    await session.restore(before);
    return { first, later: await onePace(run) };
  } finally {
    forget();
    await session.restore(before);
  }
}

async function onePace(run: TrialRun): Promise<Pace> {
  const { session, train, val, batchSize } = run;
  const steps = Math.min(STEPS, stepsPerEpoch(train.targets.length, run));
  const seconds = await secondsOf(() => trySteps(run, steps));
  const some = firstOf(val, BATCHES * batchSize);
  throwIfStopped(run);
  const valSeconds = await secondsOf(() => session.evaluate({ ...some, batchSize }, () => {}));
  throwIfStopped(run);
  return { step: seconds / steps, valImage: valSeconds / some.targets.length };
}

function throwIfStopped({ signal }: TrialRun): void {
  if (signal?.aborted === true) throw trainingStopped(signal);
}

/**
 * Does so many steps of the session's epoch, at a rate of 0.
 *
 * @throws ResnetFtError ABORTED where another process was told to stop
 */
export async function trySteps(
  { session, train, batchSize, accumulate, groups }: Omit<TrialRun, 'val'>,
  steps: number,
): Promise<void> {
  const { epoch } = (await session.state()).position;
  const learningRates = new Float64Array(steps * groups);
  const { stoppedElsewhere } = await session.trainEpoch(
    { ...trainSamplesOf(train), batchSize, accumulate, epoch, learningRates, keepFrom: 0 },
    () => {},
  );
  if (stoppedElsewhere === true) throw trainingStopped();
}

function firstOf({ store, targets, indices }: Split, count: number): Samples {
  return { store, targets: targets.slice(0, count), indices: indices?.slice(0, count) };
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
