import type { TrainingSession } from '../backend/types';
import type { Dataset } from '../data/dataset';
import { checkLastBatch, toMeasure, type ResolvedTrainOptions } from '../options';
import { keptShortSide } from './augmentations';
import type { OpenedCheckpoint } from './checkpoints';
import { cropData, namesOf, type Cropped } from './crop-data';
import { conducted } from '../team/conductor';
import { trainingStopped } from './fit';
import { restoreSession } from './go-on';
import { measuredPreprocessing } from './normalisation';
import { openTrainer } from './open-backend';
import { createSession, loadWeights, shareRoom, type SessionParts } from './open-session';
import type { RunControl } from './run';
import type { RunFolder } from './run-folder';
import { readStart, type Start } from './start';

/** What is to be opened. */
export interface TrainingInput {
  options: ResolvedTrainOptions;
  dataset: Dataset;
  folder: RunFolder;
  /** For the hint where the named weights can't be downloaded: what works without them. */
  withoutWeights?: string | undefined;
  /** Of a run that is resumed: what it settled on when it began, and the state that it goes on from. */
  resumed?: { start: Start; checkpoint: OpenedCheckpoint } | undefined;
  /** Of a run that is resumed: the weights of the classes, where its folder tells them. */
  classWeights?: readonly number[] | undefined;
  /** Whether the folder is for scratch files alone, and needs no room for results; default no. */
  scratch?: boolean | undefined;
}

/** A session with its weights, and the images of both splits: all that training needs. */
export interface OpenTraining {
  parts: SessionParts;
  session: TrainingSession;
  cropped: Cropped;
  /** Frees session and images. */
  close(): Promise<void>;
}

/**
 * Opens the backend, reads weights and images, and makes the session. Where it fails, nothing stays open.
 *
 * @throws ResnetFtError of whatever can't be had
 */
export async function openTraining(
  { options, dataset, folder, withoutWeights, resumed, classWeights, scratch }: TrainingInput,
  run: RunControl,
): Promise<OpenTraining> {
  const stores: { close(): void }[] = [];
  let session: TrainingSession | undefined;
  const close = async (): Promise<void> => {
    await session?.close();
    for (const store of stores) store.close();
  };
  try {
    const trainer = await openTrainer(options, dataset, run, classWeights);
    if (run.team !== undefined) trainer.backend = conducted(trainer.backend, run.team, folder.path);
    const start = resumed?.start ?? (await readStart(options, { ...run.download, otherwise: withoutWeights }));
    const parts: SessionParts = { options, trainer, dataset, start, folder };
    const { storage, features } = await shareRoom(parts, scratch);
    const crops = (): Promise<Cropped> => cropSamples(parts, storage, stores, run);
    // What is measured on the crops is needed to make the session.
    const early = resumed === undefined && toMeasure(options).length > 0 ? await crops() : undefined;
    if (early !== undefined) {
      start.preprocessing = await measuredPreprocessing(options, start.preprocessing, early.train, run.signal);
    }
    session = await createSession(parts, features);
    // Before the crops, so that a wrong file fails early.
    if (resumed === undefined) await loadWeights(session, parts, run);
    else await restoreSession(session, resumed.checkpoint);
    const cropped = early ?? (await crops());
    checkLastBatch(options, start.preprocessing.crop, cropped.train.kept.length, run.team?.place.world);
    return { parts, session, cropped, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The crops of both splits; every store that was made, also where this fails, is put into `stores`, for the caller to close. */
async function cropSamples(
  { options, trainer, dataset, start }: SessionParts,
  storage: Parameters<typeof cropData>[0]['storage'],
  stores: { close(): void }[],
  { signal, emit, team }: RunControl,
): Promise<Cropped> {
  const { preprocessing } = start;
  const { resize, crop } = preprocessing;
  const shortSide = options.cropScale === undefined ? undefined : keptShortSide(options, crop, resize);
  // Machines that this one shares no files with make them at the same time.
  await team?.tell({ call: 'crops', preprocessing, shortSide });
  const cropped = await cropData({
    backend: trainer.backend,
    dataset,
    preprocessing,
    skipUnreadable: options.skipUnreadable,
    shortSide,
    storage,
    signal,
    emit,
    stores,
  });
  if (signal.aborted) throw trainingStopped(signal);
  await team?.tell({ call: 'cropped', unreadable: namesOf(dataset, cropped.unreadable) });
  return cropped;
}
