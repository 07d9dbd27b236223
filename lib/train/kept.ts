import type { TrainingSession } from '../backend/types';
import { MODEL_FILE } from '../model/locate';
import { onAbort, type ResolvedTrainOptions } from '../options';
import type { KeptModel } from './events';
import { samplesOf, trainingStopped, type FitResult, type Split } from './fit';
import type { Save } from './save';

interface KeepOptions {
  keep: ResolvedTrainOptions['keep'];
  session: TrainingSession;
  outcome: FitResult;
  val: Split;
  batchSize: number;
  signal: AbortSignal;
  save: Save;
}

/**
 * Writes `model.safetensors` as `--keep` asks for it; that of the best epoch was written when the epoch was over. Changes the
 * session's weights where those of the least batch loss are kept.
 */
export async function keepModel(options: KeepOptions): Promise<{ model: KeptModel; logits: Float32Array }> {
  const { keep, session, outcome, val, batchSize, signal, save } = options;
  const { best, last, kept, stepsPerEpoch } = outcome;
  if (keep === 'best') {
    const { epoch, valLoss, valAccuracy } = best.record;
    const step = best.steps ?? Math.min(epoch * stepsPerEpoch, outcome.steps);
    return { model: { keep, epoch, step, valLoss, valAccuracy }, logits: best.logits };
  }
  // Losses that are no numbers leave no least one: then the last weights are all there is.
  if (keep === 'last' || kept === undefined) {
    const { epoch, valLoss, valAccuracy } = last.record;
    await save(MODEL_FILE, epoch);
    return { model: { keep, epoch, step: outcome.steps, valLoss, valAccuracy }, logits: last.logits };
  }
  await session.useKept();
  const forget = onAbort(signal, () => session.cancel());
  const evaluated = await session.evaluate({ ...samplesOf(val), batchSize }, () => {}).finally(forget);
  if (evaluated.cancelled || signal.aborted) throw trainingStopped(signal);
  await save(MODEL_FILE, kept.epoch);
  const valAccuracy = evaluated.correct / evaluated.images;
  const { epoch, step, batchLoss } = kept;
  return { model: { keep, epoch, step, batchLoss, valLoss: evaluated.loss, valAccuracy }, logits: evaluated.logits };
}
