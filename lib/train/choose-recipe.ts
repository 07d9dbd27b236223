import { isOutOfMemory, madeOn } from '../backend/out-of-memory';
import type { Backend } from '../backend/types';
import type { Dataset } from '../data/dataset';
import { chooseDevice } from '../machine/device';
import { threadsOfTeam } from '../team/threads';
import { buildNetwork } from '../network/architecture';
import {
  againstLinear,
  DEFAULT_ARCHITECTURE,
  PREPROCESSING,
  type RecipeName,
  type ResolvedTrainOptions,
  type TrainOptions,
} from '../options';
import { secondsOf } from '../options/duration';
import { duration } from '../text/duration';
import { leastOf } from '../text/extremes';
import { outOfMemory } from './out-of-memory';
import { recipeOf } from './recipe';
import { beginningOptions } from './resume';
import type { RunControl } from './run';
import { runSteps } from './steps';
import { measurePace } from './trial';
import { counted } from '../text/count';
import { classCounts } from '../data/class-counts';

/** Fewer images of a class than these are too few to train a whole network on. */
const FEW = 10;
/** Seconds that fine-tuning may take where nobody says how much time there is. */
const PATIENCE = 3600;
/** Images of a measured batch on a CPU, where time goes with their number. */
const CPU_BATCH = 8;

const NO_RANDOM_CROPS = 'no random resized crops, with which finetune trains';

/**
 * The options of a run that begins, now that its images are known: what its recipe has in place of the defaults, and for `auto` the recipe too.
 *
 * @param first the options as far as they were known before
 */
export async function settleRecipe(
  input: TrainOptions,
  first: ResolvedTrainOptions,
  dataset: Dataset,
  run: RunControl,
): Promise<ResolvedTrainOptions> {
  if (first.recipe === 'tutorial') return first;
  const images = dataset.train.length;
  if (first.recipe !== 'auto') return beginningOptions(input, images);
  const { recipe, why } = await chooseRecipe(input, first, dataset, run);
  run.emit({ kind: 'note', note: `recipe ${recipe}: ${why}` });
  return beginningOptions({ ...input, recipe }, images);
}

interface Choice {
  recipe: RecipeName;
  why: string;
}

async function chooseRecipe(
  input: TrainOptions,
  options: ResolvedTrainOptions,
  dataset: Dataset,
  { emit, signal }: RunControl,
): Promise<Choice> {
  if (options.weights === 'none') {
    return { recipe: 'tutorial', why: 'without weights to start from there is nothing to fine-tune' };
  }
  const against = againstLinear(input);
  if (against !== undefined) return withoutLinear(against, options, emit);
  const counts = classCounts(dataset.train.map(({ target }) => target));
  const perClass = leastOf(dataset.classes.map((_, target) => counts.get(target) ?? 0));
  if (perClass < FEW) {
    return {
      recipe: 'linear',
      why: `a class has ${counted(perClass, 'training image')}, too few to train more than the last layer on`,
    };
  }
  const { openBackend } = await import('../backend/registry.js');
  const backend = await openBackend(options.backend, emit, options.device);
  if (!backend.capabilities.imageStore) {
    return {
      recipe: 'linear',
      why: `the backend ${backend.label} has ${NO_RANDOM_CROPS}`,
    };
  }
  const planned = beginningOptions({ ...input, recipe: 'finetune' }, dataset.train.length);
  const seconds = await fineTuningSeconds(backend, planned, dataset, signal);
  const available = options.maxTime === undefined ? PATIENCE : secondsOf(options.maxTime);
  const limit =
    options.maxTime === undefined ? 'an hour, and --max-time says nothing' : `the ${options.maxTime} that there are`;
  return seconds <= available
    ? { recipe: 'finetune', why: `training everything takes about ${duration(seconds)}, within ${limit}` }
    : { recipe: 'linear', why: `training everything would take about ${duration(seconds)}, more than ${limit}` };
}

/** What is left where an option that was given says that more than `fc` is trained: then neither few images nor little time speak for `linear`. */
async function withoutLinear(
  against: string,
  options: ResolvedTrainOptions,
  emit: RunControl['emit'],
): Promise<Choice> {
  const why = `with ${against} more than the last layer is trained`;
  // Elsewhere its crops are fixed, or as they were asked for.
  if (options.trainFrom !== 'conv1') return { recipe: 'finetune', why };
  const { openBackend } = await import('../backend/registry.js');
  const { capabilities, label } = await openBackend(options.backend, emit, options.device);
  return capabilities.imageStore
    ? { recipe: 'finetune', why }
    : { recipe: 'tutorial', why: `${why}, and the backend ${label} has ${NO_RANDOM_CROPS}` };
}

/**
 * Seconds that a run takes, by a few steps on images without content.
 *
 * @throws ResnetFtError OUT_OF_MEMORY, ABORTED
 */
async function fineTuningSeconds(
  backend: Backend,
  options: ResolvedTrainOptions,
  dataset: Dataset,
  signal: AbortSignal,
): Promise<number> {
  const { device, precision } = chooseDevice(options, backend, true);
  const size = options.imageSize ?? PREPROCESSING.crop;
  const batchSize = device === 'cpu' ? Math.min(CPU_BATCH, options.batchSize) : options.batchSize;
  const { mean, std } = PREPROCESSING;
  const plain = { ...options, cropScale: undefined, mixup: undefined, cutmix: undefined, classWeights: undefined };
  const recipe = recipeOf(plain);
  const store = backend.createCropStore(batchSize, size);
  const making = backend.createSession({
    ...{ device, precision, recipe, mean: [...mean], std: [...std] },
    network: buildNetwork(options.arch ?? DEFAULT_ARCHITECTURE, dataset.classes.length),
    threads: options.threads ?? threadsOfTeam(),
    ...{ cacheMemory: 0, cacheDisk: 0, cacheFile: '', cacheBf16: false },
  });
  const session = await madeOn(device, making);
  const samples = { store, targets: new Int32Array(batchSize) };
  const groups = recipe.parameterGroups.length;
  try {
    const trial = { session, train: samples, val: samples, batchSize, accumulate: 1, groups, signal };
    const { later } = await measurePace(trial);
    const { stepsPerEpoch, total } = runSteps(dataset.train.length, options);
    const images = (total / stepsPerEpoch) * dataset.train.length;
    return (images / batchSize) * later.step + (total / stepsPerEpoch) * dataset.val.length * later.valImage;
  } catch (error) {
    throw isOutOfMemory(error)
      ? await outOfMemory(error, { session, cropped: { train: samples }, groups }, { batchSize })
      : error;
  } finally {
    await session.close();
    store.close();
  }
}
