import type { Backend, CropStore, TrainingSession } from '../backend/types';
import { temporaryName } from '../files/stale';
import { availableMemory } from '../machine/cgroup';
import { geometryOf, type Preprocessing, type ResolvedTrainOptions } from '../options';
import { throwIfAborted } from '../errors';
import { fit, type Split, type TrainSplit } from './fit';
import type { OpenTraining } from './open-training';
import { plainSession, withoutAugmentation } from './plain-session';
import type { RunControl } from './run';
import { createSchedule } from './schedule';
import { runSteps } from './steps';
import { counted } from '../text/count';

/** Share of the free memory beyond which crops are kept in a file. */
const SHARE = 0.25;

/**
 * Trains `fc` alone for `--head-epochs` epochs, on features that are computed once, and gives the session its weights: a drawn head would else
 * send large gradients through weights that were good. A run that is stopped meanwhile begins anew, and comes to the same.
 *
 * @throws ResnetFtError ABORTED, OUT_OF_MEMORY; what a batch that does not fit throws is for its caller to tell
 */
export async function trainHead(open: OpenTraining, options: ResolvedTrainOptions, run: RunControl): Promise<void> {
  const { headEpochs } = options;
  if (headEpochs === 0) return;
  const { session, cropped, parts } = open;
  const { emit } = run;
  const note = `the head alone first: ${counted(headEpochs, 'epoch')} of fc, on features that are computed once`;
  emit({ kind: 'note', note });
  const own = headOptions(options);
  const trainer = { ...parts.trainer, precision: headPrecision(parts.trainer) };
  const head = await plainSession({ session, parts: { ...parts, trainer } }, own);
  let crops: CropStore | undefined;
  try {
    const train = await fixedCrops(open, run, (store) => (crops = store));
    await fitHead(head, { train, val: cropped.val }, own, run);
    const weights = (await head.stateDict()).filter(({ name }) => name.startsWith('fc.'));
    await session.loadStateDict(weights);
  } finally {
    await head.close();
    crops?.close();
  }
}

/** A single `fc` has nothing to gain from bfloat16 on a CPU. */
function headPrecision({ device, precision }: OpenTraining['parts']['trainer']) {
  return device === 'cpu' && precision === 'bf16' ? 'fp32' : precision;
}

async function fitHead(
  session: TrainingSession,
  { train, val }: { train: Split; val: Split },
  options: ResolvedTrainOptions,
  { emit, signal }: RunControl,
): Promise<void> {
  const { epochs, batchSize } = options;
  const images = train.targets.length;
  let done = 0;
  await fit({
    ...{ session, train, val, epochs, batchSize, signal },
    schedule: createSchedule(options, runSteps(images, options)),
    onRecord: (record) => {
      if (record.kind === 'epoch') {
        const { epoch, valLoss, valAccuracy } = record;
        emit({ kind: 'head', epoch, epochs, valLoss, valAccuracy });
      } else if (record.epoch === 1) {
        // The first epoch computes the features, and may take long.
        emit({ kind: 'features', done: (done += record.images), total: images });
      }
    },
  });
}

/** The options of a run of the head alone: fixed crops, and a cosine from the head's rate. */
function headOptions(options: ResolvedTrainOptions): ResolvedTrainOptions {
  return {
    ...withoutAugmentation(options),
    trainFrom: 'fc',
    epochs: options.headEpochs,
    steps: undefined,
    lr: options.lrHead ?? options.lr,
    lrHead: undefined,
    lrLayerDecay: 1,
    schedule: 'cosine',
    warmup: undefined,
    stepSize: undefined,
    finalLrFactor: undefined,
    cycleMomentum: false,
    accumulate: 1,
    ema: undefined,
  };
}

/**
 * The training images as fixed crops; made of the whole images where windows are cut out of those, by each machine that shares no files
 * with this one too.
 */
async function fixedCrops(
  { parts, cropped: { train } }: OpenTraining,
  { signal, team }: RunControl,
  onStore: (store: CropStore) => void,
): Promise<Split> {
  if (train.size === undefined) return train as Split;
  await team?.tell({ call: 'fixCrops' });
  const { trainer, folder, start } = parts;
  const bytes = 3 * start.preprocessing.crop ** 2 * train.store.count;
  const file = bytes > SHARE * availableMemory() ? temporaryName(folder.file('crops-head')) : undefined;
  return cropWhole(trainer.backend, train, start.preprocessing, { file, signal, onStore });
}

/** Fixed crops of whole images. */
export async function cropWhole(
  backend: Pick<Backend, 'createCropStore'>,
  { store: images, targets, indices }: TrainSplit,
  preprocessing: Preprocessing,
  { file, signal, onStore }: { file?: string | undefined; signal: AbortSignal; onStore?: (store: CropStore) => void },
): Promise<Split> {
  const { resize, crop, fit: how, interpolation } = geometryOf(preprocessing);
  const store = backend.createCropStore(images.count, crop, file);
  onStore?.(store);
  for (const index of indices ?? targets.keys()) {
    throwIfAborted(signal, 'The training was stopped');
    // As it is kept, that is, turned already where it was to be.
    const image = images.get(index);
    if (!(image instanceof Uint8Array))
      await store.put(index, { ...image, lent: true }, resize, { fit: how, interpolation });
  }
  return { store, targets, indices };
}
