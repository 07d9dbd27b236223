import type { TrainingSession } from '../backend/types';
import { ResnetFtError } from '../errors';
import { resolveTrainOptions, type ResolvedTrainOptions, type TrainOptions } from '../options';
import { keptShortSide } from './augmentations';
import { cropData, type Cropped } from './crop-data';
import { runEpochs } from './epochs';
import { estimateRun } from './estimate';
import type { TrainResult } from './events';
import { computedEachTime } from './feature-room';
import { aborted } from './fit';
import { openTrainer } from './open-backend';
import { openData } from './open-data';
import { createSession, loadWeights, shareRoom, type SessionParts } from './open-session';
import { resultOf } from './result';
import { runControl, type RunControl, type TrainControl } from './run';
import { RunFolder } from './run-folder';
import { readStart } from './start';
import { packageVersion } from '../machine/version';

export type { TrainControl } from './run';

/**
 * Fine-tunes a network on a folder of images, and leaves config, metrics, weights and predictions in the output folder.
 * The work happens on threads of the native addon, and the event loop stays free; the js backend gives it turns.
 *
 * @throws ResnetFtError with a stable `code`; a run that fails before its first step leaves no folder behind.
 */
export async function train(input: TrainOptions, control: TrainControl = {}): Promise<TrainResult> {
  const started = performance.now();
  const options = resolveTrainOptions(input);
  const run = runControl(control, options.offline);
  if (run.signal.aborted) throw aborted();

  const dataset = await openData(options, run);
  const folder = await RunFolder.prepareFor(options.output, run);
  const open: { stores: { close(): void }[]; session?: TrainingSession; begun: boolean } = { stores: [], begun: false };
  try {
    const trainer = await openTrainer(options, run);
    const start = await readStart(options, { ...run.download, otherwise: control.withoutWeights });
    const parts: SessionParts = { options, trainer, dataset, start, folder };
    const { storage, features } = await shareRoom(parts);
    const session = await createSession(parts, features);
    open.session = session;
    // Before the crops, so that a wrong file fails early.
    await loadWeights(session, parts, run);
    const cropped = await cropSamples(parts, storage, open.stores, run);

    const resolved = resolvedOptions(parts);
    await writeConfig(parts, resolved, cropped);
    open.begun = true;
    await tellStart(session, parts, cropped, run);
    const { arch, preprocessing } = start;
    const trained = await runEpochs({ session, cropped, folder, signal: run.signal, emit: run.emit }, resolved, {
      arch,
      classes: dataset.classes,
      preprocessing,
    });
    const result = resultOf(trained, {
      output: folder.path,
      classes: dataset.classes,
      device: trainer.device,
      precision: trainer.precision,
      valImages: cropped.val.kept.length,
      seconds: Math.round(performance.now() - started) / 1000,
    });
    await folder.write('result.json', `${JSON.stringify(result, undefined, 2)}\n`);
    run.emit({ kind: 'done', ...result });
    return result;
  } catch (error) {
    throw run.signal.aborted && !(error instanceof ResnetFtError) ? aborted() : error;
  } finally {
    await open.session?.close();
    for (const store of open.stores) store.close();
    await folder.close();
    if (!open.begun) folder.discard();
  }
}

/** The crops of both splits; every store that was made, also where this fails, is put into `stores`, for the caller to close. */
async function cropSamples(
  { options, trainer, dataset, start }: SessionParts,
  storage: Parameters<typeof cropData>[0]['storage'],
  stores: { close(): void }[],
  { signal, emit }: RunControl,
): Promise<Cropped> {
  const { resize, crop } = start.preprocessing;
  const cropped = await cropData({
    backend: trainer.backend,
    dataset,
    preprocessing: start.preprocessing,
    skipUnreadable: options.skipUnreadable,
    shortSide: options.cropScale === undefined ? undefined : keptShortSide(options, crop, resize),
    storage,
    signal,
    emit,
    stores,
  });
  if (signal.aborted) throw aborted();
  return cropped;
}

/** The options with what the run has settled of them. */
function resolvedOptions({ options, trainer, start, folder }: SessionParts): ResolvedTrainOptions {
  const { backend, device, precision } = trainer;
  return { ...options, arch: start.arch, output: folder.path, backend: backend.name, device, precision };
}

/** Writes what the run is: its options, versions, classes and preprocessing, and the images that it goes without. */
async function writeConfig(
  { trainer, dataset, start, folder }: SessionParts,
  options: ResolvedTrainOptions,
  { unreadable }: Cropped,
): Promise<void> {
  const { versions } = trainer.backend;
  const config = {
    options,
    versions: { 'resnet-ft': packageVersion(), node: process.versions.node, ...versions },
    classes: dataset.classes,
    preprocessing: start.preprocessing,
    unreadable,
  };
  await folder.write('config.json', `${JSON.stringify(config, undefined, 2)}\n`);
  if (unreadable.length > 0) await folder.writeLines('skipped.jsonl', unreadable);
}

/** Tells how much there is to do, and how long that takes where it is much. */
async function tellStart(
  session: TrainingSession,
  { options, trainer, start, folder }: SessionParts,
  { train: { kept }, val }: Cropped,
  { emit }: RunControl,
): Promise<void> {
  const images = kept.length;
  const valImages = val.kept.length;
  const estimate = await estimateRun(session, options, { images, valImages, size: start.preprocessing.crop });
  if (estimate !== undefined) emit(estimate);
  const note = computedEachTime(trainer);
  if (note !== undefined) emit({ kind: 'note', note });
  const { batchSize, epochs } = options;
  emit({
    kind: 'start',
    output: folder.path,
    epochs,
    stepsPerEpoch: Math.ceil(images / batchSize),
    images,
    valImages,
  });
}
