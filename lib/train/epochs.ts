import type { TrainingSession } from '../backend/types';
import { ResnetFtError } from '../errors';
import type { ModelCard } from '../model/describe';
import { MODEL_FILE } from '../model/locate';
import type { ResolvedTrainOptions } from '../options';
import type { Cropped } from './crop-data';
import type { ClassFigures, KeptModel, TrainEvent } from './events';
import { fit, type FitResult } from './fit';
import { keepModel } from './kept';
import { perClass, predictions } from './predictions';
import type { RunFolder } from './run-folder';
import { salvage, type Part } from './salvage';
import { createSaver, type Save } from './save';
import { createMomenta, createSchedule } from './schedule';
import { runSteps } from './steps';

const LAST = 'last.safetensors';

/** What the epochs of a run work with. */
export interface EpochsContext {
  session: TrainingSession;
  cropped: Cropped;
  folder: RunFolder;
  signal: AbortSignal;
  emit: (event: TrainEvent) => void;
}

/** What the epochs of a run come to. */
export interface Trained {
  outcome: FitResult;
  model: KeptModel;
  perClass: ClassFigures[];
}

/**
 * Trains for as many epochs as asked for, and writes metrics, weights and predictions. Where an error ends it, the weights so far are saved, and the error says where.
 */
export async function runEpochs(
  context: EpochsContext,
  options: ResolvedTrainOptions,
  card: ModelCard,
): Promise<Trained> {
  const { session, cropped, folder, signal, emit } = context;
  const { epochs, batchSize, accumulate, steps, keep } = options;
  const run = runSteps(cropped.train.targets.length, options);
  const saved = new Set<string>();
  let failed = false;
  const write = createSaver(folder, session, { options, card }, (event) => {
    saved.add(event.file);
    try {
      emit(event);
    } catch (error) {
      // The exception that ended the run may be the listener's.
      if (!failed) throw error;
    }
  });
  let epoch = 0;
  let keptEpoch: number | undefined;
  try {
    const outcome = await fit({
      session,
      train: cropped.train,
      val: cropped.val,
      epochs,
      batchSize,
      accumulate,
      schedule: createSchedule(options, run),
      momenta: createMomenta(options, run),
      steps,
      keepLeastLoss: keep === 'min-batch-loss',
      signal,
      onRecord: (record) => {
        epoch = record.epoch;
        folder.append(record);
        emit(record);
      },
      onBest: async (record) => {
        if (keep === 'best') await write(MODEL_FILE, record.epoch);
      },
      onKept: (of) => (keptEpoch = of),
    });
    await write(LAST, outcome.last.record.epoch);
    const keeping = { keep, session, outcome, val: cropped.val, batchSize, signal, save: write };
    const { model, logits } = await keepModel(keeping);
    await folder.writeLines('predictions.jsonl', predictions(cropped.val.kept, card.classes, logits));
    return { outcome, model, perClass: perClass(cropped.val.kept, card.classes, logits) };
  } catch (error) {
    failed = true;
    if (epoch === 0) throw error;
    const stopped = error instanceof ResnetFtError && error.code === 'ABORTED';
    const parts = unsaved(folder, write, saved, { epoch, keptEpoch, keep: stopped ? 'best' : keep });
    throw await salvage(error, [...saved], parts);
  }
}

/** What a run that did not come to its end has yet to save. */
function unsaved(
  folder: RunFolder,
  write: Save,
  saved: ReadonlySet<string>,
  run: { epoch: number; keptEpoch: number | undefined; keep: ResolvedTrainOptions['keep'] },
): Part[] {
  const part = (name: string, epoch: number, kept: boolean): Part => ({
    file: folder.file(name),
    save: () => write(name, epoch, kept),
  });
  const parts = [part(LAST, run.epoch, false)];
  if (run.keep === 'last') parts.push(part(MODEL_FILE, run.epoch, false));
  if (run.keep === 'min-batch-loss') parts.push(part(MODEL_FILE, run.keptEpoch ?? run.epoch, true));
  return parts.filter(({ file }) => !saved.has(file));
}
