import type { EpochResult, Samples, TrainingSession, TrainSamples } from '../backend/types';
import { ResnetFtError } from '../errors';
import type { EpochRecord, StepRecord } from './events';
import type { Schedule } from './recipe';

/** The samples of validation, and those of training, which may be windows of whole images. */
export type Split = Samples;
export type TrainSplit = TrainSamples;

/** What of a split a session takes. */
export const samplesOf = ({ store, targets, indices }: Split): Samples => ({ store, targets, indices });
const trainSamplesOf = ({ store, targets, indices, size }: TrainSplit): TrainSamples => ({
  ...{ store, targets, indices },
  ...(size === undefined ? {} : { size }),
});

/** What the loop over epochs needs and calls. */
export interface FitOptions {
  session: TrainingSession;
  train: TrainSplit;
  val: Split;
  epochs: number;
  batchSize: number;
  schedule: Schedule;
  /** Optimizer steps overall; undefined runs every epoch. */
  steps: number | undefined;
  /** Whether the weights of the least batch loss in the last fifth of the steps are kept in the session. */
  keepLeastLoss: boolean;
  signal: AbortSignal;
  onRecord: (record: StepRecord | EpochRecord) => void;
  /** Called after the record of an epoch better than all before it, while the session has its weights. */
  onBest: (record: EpochRecord) => Promise<void>;
  /** Called after a pass in which the session came to keep other weights, with its epoch. */
  onKept: (epoch: number) => void;
}

/** The step whose weights the session keeps, since the start of the run. */
export interface KeptStep {
  epoch: number;
  step: number;
  batchLoss: number;
}

/** Where a run stands between two passes: {@link fit} goes on from there. */
export interface Progress {
  /** The epoch that is next, or goes on. */
  epoch: number;
  /** Steps of it that are done. */
  stepsOfEpoch: number;
  /** Optimizer steps since the start of the run. */
  steps: number;
  /** The epoch that did best so far, and the last one that is complete. */
  best: Validated | undefined;
  last: Validated | undefined;
  kept: KeptStep | undefined;
}

/** Before the first step. */
const START: Progress = {
  epoch: 1,
  stepsOfEpoch: 0,
  steps: 0,
  best: undefined,
  last: undefined,
  kept: undefined,
};

/** How far the loop came. */
export interface FitResult {
  steps: number;
  stepsPerEpoch: number;
  epochs: number;
  best: Validated;
  last: Validated;
  /** Undefined where no weights are kept, or no batch loss was a number. */
  kept: KeptStep | undefined;
}

/** An epoch, and the logits of the validation images after it, images x classes. */
export interface Validated {
  record: EpochRecord;
  logits: Float32Array;
}

const KEEP_AFTER = 0.8;

/** Whether `a` beats `b`: higher validation accuracy, and where equal, lower validation loss. */
function isBetter(a: EpochRecord, b: EpochRecord | undefined): boolean {
  if (b === undefined) return true;
  return a.valAccuracy > b.valAccuracy || (a.valAccuracy === b.valAccuracy && a.valLoss < b.valLoss);
}

/** The error of a run that its signal stopped. */
export function aborted(): ResnetFtError {
  return new ResnetFtError('ABORTED', 'The training was stopped');
}

/**
 * Trains and evaluates epoch by epoch.
 *
 * @param from where the run stands; the session has the state that belongs to it
 * @throws ResnetFtError ABORTED once the signal fires and the running batch has ended.
 */
export async function fit(options: FitOptions, from: Progress = START): Promise<FitResult> {
  const { session, train, signal } = options;
  const stepsPerEpoch = Math.ceil(train.targets.length / options.batchSize);
  const allSteps = Math.min(options.steps ?? Infinity, options.epochs * stepsPerEpoch);
  // The tutorial looks at the loss after four fifths of the iterations.
  const keepAfter = options.keepLeastLoss ? Math.floor(KEEP_AFTER * allSteps) : Infinity;
  const progress = { ...from };
  const cancel = (): void => session.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    while (progress.epoch <= options.epochs && progress.steps < allSteps) {
      if (signal.aborted) throw aborted();
      const started = performance.now();
      const trained = await trainEpoch(options, progress, { stepsPerEpoch, allSteps, keepAfter });
      const record = await validate(options, progress, trained, started);
      options.onRecord(record);
      if (isBetter(record, progress.best?.record)) {
        progress.best = progress.last;
        await options.onBest(record);
      }
      progress.epoch++;
      progress.stepsOfEpoch = 0;
    }
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  const { steps, best, last, kept } = progress;
  if (best === undefined || last === undefined) throw aborted();
  return { steps, stepsPerEpoch, epochs: last.record.epoch, best, last, kept };
}

/** One epoch, or the rest of one, or what of it the run's steps allow. */
async function trainEpoch(
  { session, train, batchSize, schedule, signal, onRecord, onKept }: FitOptions,
  progress: Progress,
  { stepsPerEpoch, allSteps, keepAfter }: { stepsPerEpoch: number; allSteps: number; keepAfter: number },
): Promise<EpochResult> {
  const { epoch, stepsOfEpoch, steps } = progress;
  const before = steps - stepsOfEpoch;
  const count = Math.min(stepsPerEpoch - stepsOfEpoch, allSteps - steps);
  const learningRates = schedule(steps, count);
  const groups = learningRates.length / count;
  const keepFrom = before + stepsPerEpoch > keepAfter ? Math.max(1, keepAfter + 1 - before) : 0;
  let failure: Error | undefined;
  const trained = await session.trainEpoch(
    { ...trainSamplesOf(train), batchSize, epoch, learningRates, keepFrom },
    (event) => {
      // An exception must not travel through the addon: it ends the pass, and is thrown after it.
      try {
        const { loss, images } = event;
        const lr = learningRates[(event.step - stepsOfEpoch) * groups - 1] as number;
        onRecord({ kind: 'step', epoch, step: before + event.step, loss, lr, images });
      } catch (error) {
        failure ??= error instanceof Error ? error : new Error(String(error));
        session.cancel();
      }
    },
  );
  progress.steps += trained.steps;
  progress.stepsOfEpoch += trained.steps;
  if (trained.keptStep > 0) {
    progress.kept = { epoch, step: before + trained.keptStep, batchLoss: trained.keptLoss };
    onKept(epoch);
  }
  if (failure !== undefined) throw failure;
  if (trained.cancelled || signal.aborted) throw aborted();
  return trained;
}

/** The record of an epoch, after validation. */
async function validate(
  { session, val, batchSize, signal }: FitOptions,
  progress: Progress,
  trained: EpochResult,
  started: number,
): Promise<EpochRecord> {
  const evaluated = await session.evaluate({ ...samplesOf(val), batchSize }, () => {});
  if (evaluated.cancelled || signal.aborted) throw aborted();
  const record: EpochRecord = {
    kind: 'epoch',
    epoch: progress.epoch,
    trainLoss: trained.loss,
    trainAccuracy: trained.correct / trained.images,
    valLoss: evaluated.loss,
    valAccuracy: evaluated.correct / evaluated.images,
    seconds: Math.round(performance.now() - started) / 1000,
  };
  progress.last = { record, logits: evaluated.logits };
  return record;
}
