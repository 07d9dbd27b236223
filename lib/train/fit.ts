import type { CropStore, TrainingSession } from '../backend/types';
import { ResnetFtError } from '../errors';
import type { EpochRecord, StepRecord } from './events';

/** Crops of one split, and the class index of each. */
export interface Split {
  /** May hold more crops than there are targets; those behind are not used. */
  store: CropStore;
  targets: Int32Array;
}

/** What the loop over epochs needs and calls. */
export interface FitOptions {
  session: TrainingSession;
  train: Split;
  val: Split;
  epochs: number;
  batchSize: number;
  lr: number;
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

/** How far the loop came. */
export interface FitResult {
  steps: number;
  stepsPerEpoch: number;
  epochs: number;
  best: Validated;
  last: Validated;
  /** The step whose weights the session keeps; undefined where none are, or no batch loss was a number. */
  kept: { epoch: number; step: number; batchLoss: number } | undefined;
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
 * @throws ResnetFtError ABORTED once the signal fires and the running batch has ended.
 */
export async function fit(options: FitOptions): Promise<FitResult> {
  const { session, train, val, batchSize, lr, signal } = options;
  const stepsPerEpoch = Math.ceil(train.targets.length / batchSize);
  const allSteps = Math.min(options.steps ?? Infinity, options.epochs * stepsPerEpoch);
  // The tutorial looks at the loss after four fifths of the iterations.
  const keepAfter = options.keepLeastLoss ? Math.floor(KEEP_AFTER * allSteps) : Infinity;
  let kept: FitResult['kept'];
  let steps = 0;
  let best: Validated | undefined;
  let last: Validated | undefined;
  let failure: Error | undefined;
  const cancel = (): void => session.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    for (let epoch = 1; epoch <= options.epochs; epoch++) {
      if (signal.aborted) throw aborted();
      const maxSteps = options.steps === undefined ? 0 : options.steps - steps;
      const started = performance.now();
      const before = steps;
      const keepFrom = before + stepsPerEpoch > keepAfter ? Math.max(1, keepAfter + 1 - before) : 0;
      const { store, targets } = train;
      const trained = await session.trainEpoch(
        { store, targets, ...session.plan(targets.length), batchSize, lr, maxSteps, keepFrom },
        (event) => {
          // An exception must not travel through the addon: it ends the pass, and is thrown after it.
          try {
            const step = before + event.step;
            const { loss, images } = event;
            options.onRecord({ kind: 'step', epoch, step, loss, lr, images });
          } catch (error) {
            failure ??= error instanceof Error ? error : new Error(String(error));
            session.cancel();
          }
        },
      );
      steps += trained.steps;
      if (trained.keptStep > 0) {
        kept = { epoch, step: before + trained.keptStep, batchLoss: trained.keptLoss };
        options.onKept(epoch);
      }
      if (failure !== undefined) throw failure;
      if (trained.cancelled || signal.aborted) throw aborted();
      const evaluated = await session.evaluate({ store: val.store, targets: val.targets, batchSize }, () => {});
      if (evaluated.cancelled || signal.aborted) throw aborted();
      const record: EpochRecord = {
        kind: 'epoch',
        epoch,
        trainLoss: trained.loss,
        trainAccuracy: trained.correct / trained.images,
        valLoss: evaluated.loss,
        valAccuracy: evaluated.correct / evaluated.images,
        seconds: Math.round(performance.now() - started) / 1000,
      };
      options.onRecord(record);
      last = { record, logits: evaluated.logits };
      if (isBetter(record, best?.record)) {
        best = last;
        await options.onBest(record);
      }
      if (options.steps !== undefined && steps >= options.steps) break;
    }
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  if (best === undefined || last === undefined) throw aborted();
  return { steps, stepsPerEpoch, epochs: last.record.epoch, best, last, kept };
}
