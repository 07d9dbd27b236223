import type { NativeAddon, NativeCropStore, NativeSession } from '../addon/types';
import type { Sample } from '../data/image-folder';
import { ResnetFtError } from '../errors';
import { PREPROCESSING, resolveTrainOptions, type ResolvedTrainOptions, type TrainOptions } from '../options';
import { chooseDevice } from './device';
import type { TrainEvent, TrainResult, UnreadableImage } from './events';
import { aborted, fit, type Split } from './fit';
import { predictions } from './predictions';
import { RunFolder } from './run-folder';
import { createSaver } from './save';
import { packageVersion } from './version';

/** What a caller of {@link train} may pass beside the options. */
export interface TrainControl {
  /** Stops the run within a batch; the promise then rejects with code ABORTED. */
  signal?: AbortSignal;
  /** Told everything that happens. An exception that it throws ends the run. */
  onEvent?: (event: TrainEvent) => void;
}

interface Cropped {
  train: Split & { kept: Sample[] };
  val: Split & { kept: Sample[] };
  unreadable: UnreadableImage[];
}

/**
 * Fine-tunes a network on a folder of images, and leaves config, metrics, weights and predictions in the output folder.
 * The work happens on threads of the native addon; the event loop stays free.
 *
 * @throws ResnetFtError with a stable `code`; a run that fails before its first step leaves no folder behind.
 */
export async function train(input: TrainOptions, control: TrainControl = {}): Promise<TrainResult> {
  const started = performance.now();
  const signal = control.signal ?? new AbortController().signal;
  const emit = control.onEvent ?? ((): void => {});
  const options = resolveTrainOptions(input);
  if (signal.aborted) throw aborted();

  const { openDataset } = await import('../data/dataset.js');
  const { data, val, valSplit, seed } = options;
  const dataset = await openDataset({
    data,
    seed,
    ...(val === undefined ? {} : { val }),
    ...(valSplit === undefined ? {} : { valSplit }),
  });
  const { classes } = dataset;
  emit({ kind: 'data', classes, train: dataset.train.length, val: dataset.val.length });

  const folder = RunFolder.prepare(options.output);
  const stores: NativeCropStore[] = [];
  let session: NativeSession | undefined;
  let begun = false;
  try {
    const { loadAddon } = await import('../addon/load.js');
    const addon = loadAddon();
    const choice = chooseDevice(options, addon.deviceInfo());
    emit({ kind: 'device', ...choice });
    const resolved = { ...options, output: folder.path, device: choice.device, precision: choice.precision };

    session = await addon.createSession({
      arch: options.arch,
      classes: classes.length,
      seed,
      device: choice.device,
      precision: choice.precision,
      threads: options.threads ?? 0,
      trainFrom: options.trainFrom,
      momentum: options.momentum,
      weightDecay: options.weightDecay,
      nesterov: options.nesterov,
      mean: [...PREPROCESSING.mean],
      std: [...PREPROCESSING.std],
    });
    // Before the crops, so that a wrong file fails early.
    if (options.weights !== 'none') emit(await loadWeights(session, options.weights));
    const cropped = await cropAll(addon, dataset, options, signal, emit, stores);
    if (signal.aborted) throw aborted();

    begun = true;
    const { unreadable } = cropped;
    const versions = { 'resnet-ft': packageVersion(), node: process.versions.node, torch: addon.torchVersion };
    const config = { options: resolved, versions, classes, preprocessing: PREPROCESSING, unreadable };
    await folder.write('config.json', `${JSON.stringify(config, undefined, 2)}\n`);
    if (unreadable.length > 0) await folder.writeLines('skipped.jsonl', unreadable);
    const images = cropped.train.kept.length;
    const stepsPerEpoch = Math.ceil(images / options.batchSize);
    emit({ kind: 'start', output: folder.path, epochs: options.epochs, stepsPerEpoch, images });

    const save = createSaver(folder, session, { options: resolved, classes }, emit);
    let bestLogits = new Float32Array();
    let epoch = 0;
    const fitting = fit({
      session,
      train: cropped.train,
      val: cropped.val,
      epochs: options.epochs,
      batchSize: options.batchSize,
      lr: options.lr,
      steps: options.steps,
      signal,
      onRecord: (record) => {
        epoch = record.epoch;
        folder.append(record);
        emit(record);
      },
      onBest: async (record, logits) => {
        bestLogits = Float32Array.from(logits);
        await save('model.safetensors', record.epoch);
      },
    });
    const outcome = await fitting.catch(async (error: unknown) => {
      if (epoch > 0 && error instanceof ResnetFtError && error.code === 'ABORTED')
        await save('last.safetensors', epoch);
      throw error;
    });
    await save('last.safetensors', outcome.last.epoch);
    await folder.writeLines('predictions.jsonl', predictions(cropped.val.kept, classes, bestLogits));

    const { best, last } = outcome;
    const result: TrainResult = {
      output: folder.path,
      classes,
      device: choice.device,
      precision: choice.precision,
      epochs: outcome.epochs,
      steps: outcome.steps,
      best: { epoch: best.epoch, valLoss: best.valLoss, valAccuracy: best.valAccuracy },
      last: {
        trainLoss: last.trainLoss,
        trainAccuracy: last.trainAccuracy,
        valLoss: last.valLoss,
        valAccuracy: last.valAccuracy,
      },
      seconds: Math.round(performance.now() - started) / 1000,
    };
    emit({ kind: 'done', ...result });
    return result;
  } catch (error) {
    throw signal.aborted && !(error instanceof ResnetFtError) ? aborted() : error;
  } finally {
    await session?.close();
    for (const store of stores) store.close();
    folder.close();
    if (!begun) folder.discard();
  }
}

/** Loads what fits of a state dict file into the session. */
async function loadWeights(session: NativeSession, file: string): Promise<TrainEvent> {
  const { readStateDict } = await import('../weights/index.js');
  const { matchForTransfer } = await import('../weights/transfer.js');
  const weights = await readStateDict(file);
  const model = (await session.stateDict()).map(({ name, shape, dtype }) => ({ name, shape, dtype }));
  const match = matchForTransfer(model, weights, file);
  await session.loadStateDict(match.load);
  return { kind: 'weights', file, note: String(match.note) };
}

/** Makes the crops of both splits, and names every unreadable image of both at once. */
async function cropAll(
  addon: NativeAddon,
  dataset: { train: Sample[]; val: Sample[]; classes: string[] },
  options: ResolvedTrainOptions,
  signal: AbortSignal,
  emit: (event: TrainEvent) => void,
  stores: NativeCropStore[],
): Promise<Cropped> {
  const { makeCrops } = await import('../data/crops.js');
  const { resize, crop } = PREPROCESSING;
  const total = dataset.train.length + dataset.val.length;
  let done = 0;
  const onProgress = (): void => emit({ kind: 'crops', done: ++done, total });
  const unreadable: UnreadableImage[] = [];
  const { skipUnreadable } = options;
  const failures: ResnetFtError[] = [];
  const one = async (samples: Sample[]): Promise<(Split & { kept: Sample[] }) | undefined> => {
    try {
      const made = await makeCrops({ addon, samples, resize, crop, skipUnreadable, signal, onProgress });
      stores.push(made.store);
      unreadable.push(...made.unreadable);
      return { store: made.store, kept: made.kept, targets: Int32Array.from(made.kept, (sample) => sample.target) };
    } catch (error) {
      // Both splits are read before the run fails, so that all unreadable images are named at once.
      if (!(error instanceof ResnetFtError && error.code === 'IMAGE_UNREADABLE')) throw error;
      failures.push(error);
      return undefined;
    }
  };
  const train = await one(dataset.train);
  const val = await one(dataset.val);
  if (train === undefined || val === undefined) {
    const [first, second] = failures;
    if (first === undefined) throw new Error('a split without crops has an error');
    if (second === undefined) throw first;
    const hint = first.hint === undefined ? {} : { hint: first.hint };
    throw new ResnetFtError('IMAGE_UNREADABLE', `${first.message}; ${second.message}`, hint);
  }
  for (const { file, reason } of unreadable) emit({ kind: 'skipped', file, reason });
  return { train, val, unreadable };
}
