import { isOutOfMemory } from '../backend/out-of-memory';
import type { TrainingSession } from '../backend/types';
import { ResnetFtError } from '../errors';
import type { ModelCard } from '../model/describe';
import { MODEL_FILE } from '../model/locate';
import type { ResolvedTrainOptions } from '../options';
import type { Cropped } from './crop-data';
import type { ClassFigures, KeptModel, TrainEvent } from './events';
import type { Spent } from './account';
import { calibrateKept } from './calibrate';
import { Checkpoints } from './checkpoints';
import { checkpointInterval } from './checkpoint-interval';
import { fitOrGoBack } from './go-back';
import type { FitResult } from './fit';
import { outOfMemory } from './out-of-memory';
import { parameterGroups } from './parameter-groups';
import { START, type Progress } from './progress';
import { calibrateCommand, resumeCommand } from '../report/commands';
import { PREDICTIONS } from '../report/records';
import { keepModel } from './kept';
import { perClass, predictions } from './predictions';
import { LAST, type RunFolder } from './run-folder';
import { salvage, type Part } from './salvage';
import { createSaver, type Save } from './save';
import { createMomenta, createSchedule } from './schedule';
import { runSteps } from './steps';
import { TensorBoardLog } from './tensorboard';
import { TimeLeft } from './time-left';
import { counted } from '../text/count';

/** What the epochs of a run work with. */
export interface EpochsContext {
  session: TrainingSession;
  cropped: Cropped;
  folder: RunFolder;
  signal: AbortSignal;
  emit: (event: TrainEvent) => void;
  /** What the run took until now. */
  spent: () => Spent;
  /** Told where the run stood when it ended before its end. */
  onStopped?: ((progress: Progress) => void) | undefined;
}

/** What the epochs of a run come to. */
export interface Trained {
  outcome: FitResult;
  model: KeptModel;
  perClass: ClassFigures[];
}

/** Where a run that is resumed stands. */
export interface From {
  progress: Progress;
  /** Names of the checkpoint that it goes on from, and of that of its best epoch. */
  last: string;
  best: string | undefined;
}

/**
 * Trains for as many epochs as asked for, and writes metrics, checkpoints, weights and predictions. Where an error ends it, the weights so
 * far are saved, and the error says where, and how to go on.
 *
 * @param from where a run that is resumed stands; the session has the state that belongs to it
 */
export async function runEpochs(
  context: EpochsContext,
  options: ResolvedTrainOptions,
  card: ModelCard,
  from?: From,
): Promise<Trained> {
  const { session, cropped, folder, signal, emit, spent } = context;
  const { keep, batchSize, accumulate } = options;
  const run = runSteps(cropped.train.targets.length, options);
  const saved = new Set<string>();
  let failed = false;
  const emitSafely = (event: TrainEvent): void => {
    try {
      emit(event);
    } catch (error) {
      // The exception that ended the run may be the listener's.
      if (!failed) throw error;
    }
  };
  const write = createSaver(folder, session, { options, card }, (event) => {
    saved.add(event.file);
    emitSafely(event);
  });
  const checkpoints = new Checkpoints({
    folder,
    session,
    interval: checkpointInterval(options.checkpointEvery),
    emit: emitSafely,
    spent,
    last: from?.last,
    best: from?.best,
  });
  const progress: Progress = { ...(from?.progress ?? START) };
  const images = { images: cropped.train.targets.length, valImages: cropped.val.targets.length };
  const epochs = Math.ceil(run.total / run.stepsPerEpoch);
  const length = { ...images, epochs, steps: run.total, stepsPerEpoch: run.stepsPerEpoch };
  const left = new TimeLeft(options, length, emit);
  const tensorBoard = new TensorBoardLog(folder, options, run, emitSafely, progress.steps);
  let epoch = 0;
  let isTrained = false;
  let keptEpoch = progress.kept?.epoch;
  try {
    // A run that is stopped in its first epoch goes on too, and one whose loss is no number goes back to here.
    if (from === undefined) await checkpoints.save(progress);
    const outcome = await fitOrGoBack(
      {
        session,
        train: cropped.train,
        val: cropped.val,
        epochs: options.epochs,
        batchSize,
        accumulate,
        schedule: createSchedule(options, run),
        momenta: createMomenta(options, run),
        steps: options.steps,
        keepLeastLoss: keep === 'min-batch-loss',
        patience: options.patience === undefined ? undefined : { epochs: options.patience, minDelta: options.minDelta },
        pauses: checkpoints,
        signal,
        onRecord: (record) => {
          epoch = record.epoch;
          folder.append(record);
          tensorBoard.see(record);
          emit(record);
          left.see(record);
        },
        onBest: async (record) => {
          if (keep === 'best') await write(MODEL_FILE, record.epoch);
        },
        onKept: (of) => (keptEpoch = of),
      },
      progress,
      { checkpoints, folder, emit },
    );
    if (outcome.outOfPatience) {
      const note = `stopped after epoch ${outcome.epochs}: validation has not got better for ${counted(options.patience ?? 0, 'epoch')}`;
      emit({ kind: 'note', note });
    }
    await checkpoints.save(progress);
    await write(LAST, outcome.last.record.epoch);
    const keeping = { keep, session, outcome, val: cropped.val, batchSize, signal, save: write };
    const { model, logits } = await keepModel(keeping);
    await folder.writeLines(PREDICTIONS, predictions(cropped.val.kept, card.classes, logits));
    isTrained = true;
    if (options.calibrate) await calibrateKept(folder, cropped.val.kept, logits, signal, emit);
    await checkpoints.settle();
    return { outcome, model, perClass: perClass(cropped.val.kept, card.classes, logits) };
  } catch (error) {
    failed = true;
    context.onStopped?.(progress);
    const code = error instanceof ResnetFtError ? error.code : undefined;
    const stopped = code === 'ABORTED';
    const ending = await closeCheckpoints(checkpoints, folder, stopped ? progress : undefined);
    // What goes on with the same options comes to the same numbers.
    if (code === 'TRAINING_DIVERGED') ending.goOn = undefined;
    // Without checkpoints: all that is missing can be made by itself.
    if (stopped && isTrained) ending.goOn ??= `Calibrate its model with: ${calibrateCommand(folder.path)}`;
    if (isOutOfMemory(error)) {
      const told = await outOfMemory(
        error,
        { session, cropped, groups: parameterGroups(options).length },
        options,
        checkpoints,
      );
      throw await salvage(told, [...saved], [], ending);
    }
    // Weights that are no numbers are worth nothing, and those before the first step need not be saved.
    const worthless = epoch === 0 || code === 'TRAINING_DIVERGED';
    const parts = worthless ? [] : unsaved(folder, write, saved, { epoch, keptEpoch, keep: stopped ? 'best' : keep });
    throw await salvage(error, [...saved], parts, ending);
  } finally {
    tensorBoard.close();
  }
}

/**
 * Saves where a run that was stopped stands; after another error its state may be one between two steps, and the checkpoints that there
 * are must do.
 *
 * @returns what to say of it: how to go on, and what could not be saved
 */
async function closeCheckpoints(
  checkpoints: Checkpoints,
  folder: RunFolder,
  progress: Progress | undefined,
): Promise<{ goOn: string | undefined; failure: string | undefined }> {
  let failure: string | undefined;
  try {
    if (progress !== undefined) await checkpoints.save(progress);
    await checkpoints.settle();
  } catch (error) {
    failure = (error as Error).message;
  }
  const goOn = checkpoints.hasAny ? `Go on with: ${resumeCommand(folder.path)}` : undefined;
  return { goOn, failure };
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
