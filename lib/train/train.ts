import type { CropStore, TrainingSession } from '../backend/types';
import { passedOverEvent } from '../data/passed-over';
import type { DownloadControl } from '../download/types';
import { ResnetFtError } from '../errors';
import type { FolderOwner } from '../files/folder-lock';
import { resolveTrainOptions, type TrainOptions } from '../options';
import { cropData } from './crop-data';
import { cropStorage } from './crop-storage';
import { chooseDevice } from '../machine/device';
import { estimateRun } from './estimate';
import type { TrainEvent, TrainResult } from './events';
import { featureCache, featureMemory } from './feature-room';
import { aborted } from './fit';
import { runEpochs } from './epochs';
import { plannedBytes, requireRoom } from './room';
import { RunFolder } from './run-folder';
import { loadStart, readStart } from './start';
import { defaultThreads } from '../machine/threads';
import { packageVersion } from '../machine/version';

/** What a caller of {@link train} may pass beside the options. */
export interface TrainControl {
  /** Stops the run within a batch; the promise then rejects with code ABORTED. */
  signal?: AbortSignal;
  /** Told everything that happens. An exception that it throws ends the run. */
  onEvent?: (event: TrainEvent) => void;
  /** For the hint where the named weights can't be downloaded: what works without them. */
  withoutWeights?: string;
}

/** Whether bfloat16 has anything to gain: a single `fc` has not. */
const trainsConvolutions = (options: { trainFrom: string }): boolean => options.trainFrom !== 'fc';

/**
 * Fine-tunes a network on a folder of images, and leaves config, metrics, weights and predictions in the output folder.
 * The work happens on threads of the native addon, and the event loop stays free; the js backend gives it turns.
 *
 * @throws ResnetFtError with a stable `code`; a run that fails before its first step leaves no folder behind.
 */
export async function train(input: TrainOptions, control: TrainControl = {}): Promise<TrainResult> {
  const started = performance.now();
  const signal = control.signal ?? new AbortController().signal;
  const emit = control.onEvent ?? ((): void => {});
  const options = resolveTrainOptions(input);
  if (signal.aborted) throw aborted();

  const download: DownloadControl = {
    offline: options.offline,
    signal,
    onProgress: (event) => emit({ kind: 'download', event }),
  };
  const { resolveDataFolder, trainingAtHand } = await import('../data/hymenoptera.js');
  const { openDataset } = await import('../data/dataset.js');
  const { val, valSplit, seed } = options;
  const dataset = await openDataset({
    data: await resolveDataFolder(options.data, { ...download, otherwise: trainingAtHand() }),
    seed,
    ...(val === undefined ? {} : { val }),
    ...(valSplit === undefined ? {} : { valSplit }),
  });
  const { classes } = dataset;
  emit({ kind: 'data', classes, train: dataset.train.length, val: dataset.val.length });
  const passedOver = passedOverEvent(dataset.passedOver);
  if (passedOver !== undefined) emit(passedOver);

  const folder = await prepareFolder(options.output, signal, emit);
  const stores: CropStore[] = [];
  let session: TrainingSession | undefined;
  let begun = false;
  try {
    const { openBackend } = await import('../backend/registry.js');
    const backend = await openBackend(options.backend, emit);
    const choice = chooseDevice(options, backend, trainsConvolutions(options));
    emit({ kind: 'device', ...choice });
    const { arch, preprocessing, weights } = await readStart(options, {
      ...download,
      otherwise: control.withoutWeights,
    });
    const { device, precision } = choice;
    const resolved = { ...options, arch, output: folder.path, backend: backend.name, device, precision };

    const batches = Math.ceil(dataset.train.length / options.batchSize);
    const steps = Math.min(options.steps ?? Infinity, options.epochs * batches);
    const results = plannedBytes({ arch, classes, precision, steps, valImages: dataset.val.length });
    await requireRoom(folder, results);
    const memory = featureMemory(options);
    const crops = 3 * preprocessing.crop ** 2 * (dataset.train.length + dataset.val.length);
    const storage = cropStorage(options, folder, memory, results, crops);
    const features = await featureCache(options, folder, memory, storage.cache.reserve);
    session = await backend.createSession({
      arch,
      classes: classes.length,
      seed,
      device,
      precision,
      threads: options.threads ?? defaultThreads(),
      trainFrom: options.trainFrom,
      momentum: options.momentum,
      weightDecay: options.weightDecay,
      nesterov: options.nesterov,
      mean: [...preprocessing.mean],
      std: [...preprocessing.std],
      ...features,
    });
    // Before the crops, so that a wrong file fails early.
    if (weights !== undefined) emit(await loadStart(session, weights, arch, classes.length));
    const { skipUnreadable, batchSize } = options;
    const cropped = await cropData({
      backend,
      dataset,
      preprocessing,
      skipUnreadable,
      storage,
      signal,
      emit,
      stores,
    });
    if (signal.aborted) throw aborted();

    const { unreadable } = cropped;
    const versions = { 'resnet-ft': packageVersion(), node: process.versions.node, ...backend.versions };
    const config = { options: resolved, versions, classes, preprocessing, unreadable };
    await folder.write('config.json', `${JSON.stringify(config, undefined, 2)}\n`);
    begun = true;
    if (unreadable.length > 0) await folder.writeLines('skipped.jsonl', unreadable);
    const images = cropped.train.kept.length;
    const stepsPerEpoch = Math.ceil(images / batchSize);
    const valImages = cropped.val.kept.length;
    const estimate = await estimateRun(session, options, { images, valImages, size: preprocessing.crop });
    if (estimate !== undefined) emit(estimate);
    emit({ kind: 'start', output: folder.path, epochs: options.epochs, stepsPerEpoch, images, valImages });

    const trained = await runEpochs({ session, cropped, folder, signal, emit }, resolved, {
      arch,
      classes,
      preprocessing,
    });
    const { outcome, model } = trained;
    const best = outcome.best.record;
    const last = outcome.last.record;
    const result: TrainResult = {
      output: folder.path,
      classes,
      device,
      precision,
      epochs: outcome.epochs,
      steps: outcome.steps,
      valImages,
      model,
      perClass: trained.perClass,
      best: { epoch: best.epoch, valLoss: best.valLoss, valAccuracy: best.valAccuracy },
      last: {
        trainLoss: last.trainLoss,
        trainAccuracy: last.trainAccuracy,
        valLoss: last.valLoss,
        valAccuracy: last.valAccuracy,
      },
      seconds: Math.round(performance.now() - started) / 1000,
    };
    await folder.write('result.json', `${JSON.stringify(result, undefined, 2)}\n`);
    emit({ kind: 'done', ...result });
    return result;
  } catch (error) {
    throw signal.aborted && !(error instanceof ResnetFtError) ? aborted() : error;
  } finally {
    await session?.close();
    for (const store of stores) store.close();
    await folder.close();
    if (!begun) folder.discard();
  }
}

/** Takes the output folder; where another machine may have it, that takes a while, of which one is told. */
async function prepareFolder(
  output: string | undefined,
  signal: AbortSignal,
  emit: (event: TrainEvent) => void,
): Promise<RunFolder> {
  const onWait = ({ pid, host }: FolderOwner): void => {
    const note = `the output folder is held by process ${pid} of ${host}: waiting up to a minute to see whether it still runs`;
    emit({ kind: 'note', note });
  };
  try {
    return await RunFolder.prepare(output, { signal, onWait });
  } catch (error) {
    throw signal.aborted ? aborted() : error;
  }
}
