import type { EpochResult, Samples, TrainingSession, TrainSamples } from '../backend/types';
import { aborted, ResnetFtError } from '../errors';
import { isBetter } from '../report/best-epoch';
import type { EpochRecord, StepRecord } from './events';
import { Patience, type PatienceOptions } from './patience';
import { START, type KeptStep, type Progress, type Validated } from './progress';
import type { Schedule } from './recipe';
import { runSteps } from './steps';
import { trainSteps } from './train-steps';

/** The samples of validation, and those of training, which may be windows of whole images. */
export type Split = Samples;
export type TrainSplit = TrainSamples;

/** What of a split a session takes. */
export const samplesOf = ({ store, targets, indices }: Split): Samples => ({ store, targets, indices });
export const trainSamplesOf = ({ store, targets, indices, size, interpolation }: TrainSplit): TrainSamples => ({
  ...{ store, targets, indices },
  ...(size === undefined ? {} : { size, interpolation }),
});

/** What may want a pause within an epoch, to save the session's state: between two passes, when it belongs to the progress. */
export interface Pauses {
  /** Steps until the next pause; Infinity where only time, or the end of the epoch, decides. */
  stepsLeft(progress: Progress): number;
  /** Whether it is time for one. */
  isDue(): boolean;
  /**
   * Called in every pause, and after every epoch.
   *
   * @param isBest whether an epoch has just ended that is better than all before it
   */
  pause(progress: Progress, isBest: boolean): Promise<void>;
}

/** What the loop over epochs needs and calls. */
export interface FitOptions {
  session: TrainingSession;
  train: TrainSplit;
  val: Split;
  epochs: number;
  batchSize: number;
  /** Batches of an optimizer step; 1 where left out. */
  accumulate?: number;
  schedule: Schedule;
  /** Where the steps have momenta of their own. */
  momenta?: Schedule | undefined;
  /** Optimizer steps overall; undefined runs every epoch. */
  steps?: number | undefined;
  /** Whether the weights of the least batch loss in the last fifth of the steps are kept in the session. Default no. */
  keepLeastLoss?: boolean;
  /** Undefined where only the number of epochs and of steps end the run. */
  patience?: PatienceOptions | undefined;
  pauses?: Pauses | undefined;
  signal: AbortSignal;
  onRecord: (record: StepRecord | EpochRecord) => void;
  /** Called after the record of an epoch better than all before it, while the session has its weights. */
  onBest?: (record: EpochRecord) => Promise<void>;
  /** Called after a pass in which the session came to keep other weights, with its epoch. */
  onKept?: (epoch: number) => void;
}

/** How far the loop came. */
export interface FitResult {
  steps: number;
  stepsPerEpoch: number;
  epochs: number;
  best: Validated;
  last: Validated;
  /** Undefined where no weights are kept, or no batch loss was a number. */
  kept: KeptStep | undefined;
  /** Whether `--patience` ended the run before its last epoch. */
  outOfPatience: boolean;
  /** Epochs since validation last got better, as `--patience` counts them; undefined without it. */
  waited: number | undefined;
}

const KEEP_AFTER = 0.8;

/** The error of a run that its signal stopped, or another process that was told to. */
export function trainingStopped(signal?: AbortSignal): ResnetFtError {
  return aborted(signal, 'The training was stopped');
}

/** The error of a run whose loss is no number any more. */
function diverged(what: string): ResnetFtError {
  return new ResnetFtError('TRAINING_DIVERGED', `The ${what} is not finite`, {
    hint: 'Begin a new run in another folder, with a lower learning rate (--lr) or --precision fp32',
  });
}

/** What does not change over a run. */
interface Plan {
  stepsPerEpoch: number;
  allSteps: number;
  /** Steps after which the weights of the least batch loss are kept. */
  keepAfter: number;
}

/**
 * Trains and evaluates epoch by epoch.
 *
 * @param progress where the run stands, for which the session has the state; it is kept up to date, also where this throws
 * @throws ResnetFtError ABORTED once the signal fires and the running batch has ended; TRAINING_DIVERGED
 */
export async function fit(options: FitOptions, progress: Progress = { ...START }): Promise<FitResult> {
  const { session, train, signal } = options;
  const { stepsPerEpoch, total: allSteps } = runSteps(train.targets.length, options);
  // The tutorial looks at the loss after four fifths of the iterations.
  const keepAfter = options.keepLeastLoss === true ? Math.floor(KEEP_AFTER * allSteps) : Infinity;
  const plan: Plan = { stepsPerEpoch, allSteps, keepAfter };
  const patience = new Patience(options.patience, progress);
  // Of a run that goes on with less patience than it had: the figures of the epoch in which it was stopped change that no more.
  const wasOver = patience.isOver;
  const cancel = (): void => session.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    await settleLength(options, progress, plan, wasOver);
    const isOver = (): boolean => wasOver || patience.isOver || progress.steps >= allSteps;
    while (progress.trained !== undefined || !isOver()) {
      if (signal.aborted) throw trainingStopped(signal);
      let isBest = false;
      if (progress.trained === undefined) await trainPass(options, progress, plan);
      if (progress.trained !== undefined) isBest = await endEpoch(options, progress, plan, patience);
      await options.pauses?.pause(progress, isBest);
    }
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  const { steps, best, last, kept } = progress;
  if (best === undefined || last === undefined) throw trainingStopped(signal);
  return {
    steps,
    stepsPerEpoch,
    epochs: last.record.epoch,
    best,
    last,
    kept,
    outOfPatience: wasOver || patience.isOver,
    waited: options.patience === undefined ? undefined : progress.waiting?.epochs,
  };
}

/**
 * What is otherwise in a run that goes on with another length than it had.
 *
 * @param outOfPatience whether it is to end where it stands
 */
async function settleLength(
  { session, keepLeastLoss }: FitOptions,
  progress: Progress,
  { allSteps }: Plan,
  outOfPatience: boolean,
): Promise<void> {
  const { kept, last, steps } = progress;
  // The last fifth of the steps begins elsewhere now.
  if (keepLeastLoss === true && (kept?.ofSteps ?? allSteps) !== allSteps) {
    progress.kept = undefined;
    await session.restore({ ...(await session.state()), kept: null });
  }
  // It is to end before the epoch does in which it is: the figures are to be those of the weights that it has.
  const ends = steps >= allSteps || outOfPatience;
  if (progress.trained === undefined && progress.stepsOfEpoch > 0 && ends && last?.steps !== steps) {
    const { images, loss, correct } = (await session.state()).position;
    progress.trained = { images, loss: loss / images, correct };
  }
}

/** Trains to the end of the epoch, or to the next pause, or for as many steps as the run has left. */
async function trainPass(
  { session, train, batchSize, accumulate = 1, schedule, momenta, pauses, signal, onRecord, onKept }: FitOptions,
  progress: Progress,
  { stepsPerEpoch, allSteps, keepAfter }: Plan,
): Promise<void> {
  const started = performance.now();
  const { epoch, stepsOfEpoch, steps } = progress;
  const before = steps - stepsOfEpoch;
  const left = Math.min(stepsPerEpoch - stepsOfEpoch, allSteps - steps);
  const count = Math.min(left, pauses?.stepsLeft(progress) ?? Infinity);
  const learningRates = schedule(steps, count).map((rate) => rate * progress.rateFactor);
  const own = momenta === undefined ? {} : { momenta: momenta(steps, count) };
  const groups = learningRates.length / count;
  const keepFrom = before + stepsPerEpoch > keepAfter ? Math.max(1, keepAfter + 1 - before) : 0;
  const { trained, failure } = await trainSteps(
    session,
    { ...trainSamplesOf(train), batchSize, accumulate, epoch, learningRates, ...own, keepFrom },
    ({ step: ofEpoch, loss, images }) => {
      const step = before + ofEpoch;
      const lr = learningRates[(ofEpoch - stepsOfEpoch) * groups - 1] as number;
      onRecord({ kind: 'step', epoch, step, loss, lr, images });
      if (!Number.isFinite(loss)) throw diverged(`loss of step ${step}`);
      if (pauses?.isDue() === true) session.cancel();
    },
  );
  progress.steps += trained.steps;
  progress.stepsOfEpoch += trained.steps;
  progress.seconds += secondsSince(started);
  if (trained.keptStep > 0) {
    progress.kept = { epoch, step: before + trained.keptStep, batchLoss: trained.keptLoss, ofSteps: allSteps };
    onKept?.(epoch);
  }
  if (trained.steps === left) progress.trained = figuresOf(trained);
  if (failure !== undefined) throw failure;
  if (signal.aborted || trained.stoppedElsewhere === true) throw trainingStopped(signal);
}

const figuresOf = ({ images, loss, correct }: EpochResult) => ({ images, loss, correct });

/** Validates an epoch whose steps are done, and goes on to the next; whether it was the best so far. */
async function endEpoch(
  options: FitOptions,
  progress: Progress,
  { stepsPerEpoch }: Plan,
  patience: Patience,
): Promise<boolean> {
  const validated = await validate(options, progress);
  const { record } = validated;
  options.onRecord(record);
  if (!Number.isFinite(record.valLoss)) throw diverged(`validation loss of epoch ${record.epoch}`);
  progress.last = validated;
  const isBest = isBetter(record, progress.best?.record);
  if (isBest) progress.best = validated;
  patience.see(record);
  // The steps of a run may end within an epoch, which a longer run goes on with.
  if (progress.stepsOfEpoch === stepsPerEpoch) {
    progress.epoch++;
    progress.stepsOfEpoch = 0;
  }
  progress.trained = undefined;
  progress.seconds = 0;
  if (isBest) await options.onBest?.(record);
  return isBest;
}

async function validate({ session, val, batchSize, signal }: FitOptions, progress: Progress): Promise<Validated> {
  const started = performance.now();
  const trained = progress.trained as NonNullable<Progress['trained']>;
  const evaluated = await session.evaluate({ ...samplesOf(val), batchSize }, () => {});
  if (evaluated.cancelled || signal.aborted) throw trainingStopped(signal);
  const record: EpochRecord = {
    kind: 'epoch',
    epoch: progress.epoch,
    trainLoss: trained.loss,
    trainAccuracy: trained.correct / trained.images,
    valLoss: evaluated.loss,
    valAccuracy: evaluated.correct / evaluated.images,
    seconds: Math.round((progress.seconds + secondsSince(started)) * 1000) / 1000,
  };
  return { record, logits: evaluated.logits, steps: progress.steps };
}

const secondsSince = (started: number): number => (performance.now() - started) / 1000;
