import { AUGMENTATION_OPTIONS, settleAugmentation } from './augmentation';
import { DATA, DEFAULT_ARCHITECTURE, MACHINE, MACHINE_OPTIONS, MODEL, OUTPUT } from './common';
import { EXTEND_OPTION, settleExtend } from './extend';
import { checkGeometryOptions, GEOMETRY_OPTIONS } from './geometry';
import { checkOptimization, OPTIMIZATION_OPTIONS, optimizerDefaults, withOptimizerDefaults } from './optimization';
import { checkFold, FOLD_OPTION } from './repeats';
import {
  advanced,
  defined,
  rejectUse,
  requireOptions,
  requireText,
  resolveOptions,
  type GivenOptions,
  type RecipeTable,
  type ResolvedOptions,
} from './spec';
import { SIZE_PATTERN } from './size';
import { RECIPES, recipeDefaults } from './recipes';
import { checkPatience, STOPPING_OPTIONS } from './stopping';
import { ARCHITECTURES, DRAWS, OPTIMIZERS, TRAIN_FROM } from './values';

const RECIPE = 'Recipe';

const SIZE = { type: 'string', pattern: SIZE_PATTERN, expected: 'a size such as 500MB or 4GB' } as const;

const { backend, precision, threads } = MACHINE_OPTIONS;
const { cropScale, hflip, colorJitter, trivialAugment, mixup, ...augmentations } = AUGMENTATION_OPTIONS;
const { optimizer, batchSize, lr, schedule, ...tuning } = OPTIMIZATION_OPTIONS;

/** Every option of `train`. */
export const TRAIN_OPTIONS = {
  val: { type: 'string', group: DATA, affects: 'result', help: 'folder of validation images, one folder per class' },
  valSplit: {
    type: 'number',
    above: 0,
    below: 1,
    group: DATA,
    affects: 'result',
    help: 'share of each class kept for validation, where <data> is one folder of classes',
  },
  ...FOLD_OPTION,
  skipUnreadable: {
    type: 'boolean',
    default: false,
    group: DATA,
    affects: 'result',
    advanced: true,
    help: 'go on without images that cannot be read, and list them in the output folder',
  },
  arch: {
    type: 'string',
    choices: ARCHITECTURES,
    group: MODEL,
    affects: 'result',
    help: `architecture [default: that of the weights, or ${DEFAULT_ARCHITECTURE}]`,
  },
  weights: {
    type: 'string',
    default: 'imagenet-v1',
    group: MODEL,
    affects: 'start',
    help: 'weights to start from: imagenet-v1, imagenet-v2, none, or a state dict file',
  },
  ...EXTEND_OPTION,
  offline: {
    type: 'boolean',
    default: false,
    group: MODEL,
    affects: 'place',
    advanced: true,
    help: 'never download; use only what is already there',
  },
  trainFrom: {
    type: 'string',
    choices: TRAIN_FROM,
    default: 'conv1',
    group: MODEL,
    affects: 'training',
    help: 'train this module and all that follow; freeze those before it',
  },
  recipe: {
    type: 'string',
    choices: RECIPES,
    default: 'tutorial',
    group: RECIPE,
    affects: 'training',
    help: "defaults of the options that are not given. tutorial: those of PyTorch's tutorial; linear: only the last layer is trained, in seconds; finetune: that first, then everything; auto: one of these, by weights, images and time",
  },
  epochs: {
    type: 'number',
    integer: true,
    min: 1,
    max: 1_000_000,
    default: 50,
    group: RECIPE,
    affects: 'training',
    help: 'passes over the training images',
  },
  steps: {
    type: 'number',
    integer: true,
    min: 1,
    group: RECIPE,
    affects: 'training',
    advanced: true,
    help: 'stop after this many optimizer steps',
  },
  ...{ optimizer, batchSize, lr, schedule },
  ...advanced(tuning),
  headEpochs: {
    type: 'number',
    integer: true,
    min: 0,
    max: 1_000_000,
    default: 0,
    group: RECIPE,
    affects: 'training',
    advanced: true,
    help: 'epochs in which fc alone is trained before all the rest, on features that are computed once',
  },
  chooseLr: {
    type: 'boolean',
    default: false,
    group: RECIPE,
    affects: 'training',
    advanced: true,
    help: 'with --train-from fc, choose the learning rate on a fifth of the training images, held out meanwhile',
  },
  keep: {
    type: 'string',
    choices: ['best', 'last', 'min-batch-loss'],
    default: 'best',
    group: RECIPE,
    affects: 'training',
    advanced: true,
    help: 'which weights become the model: those of the epoch with the best validation, of the last step, or, as in the tutorial, of the smallest batch loss in the last fifth of the steps',
  },
  calibrate: {
    type: 'boolean',
    default: false,
    group: MODEL,
    // Which class is the most probable, the weights and every figure of the training stay what they are.
    affects: 'place',
    help: 'at the end fit a temperature on the validation images and keep it in the model, so that its probabilities tell how often it is right; also: resnet-ft calibrate',
  },
  seed: {
    type: 'number',
    integer: true,
    min: 0,
    default: 0,
    group: RECIPE,
    affects: 'training',
    help: 'seed of initial weights, order and flips; to repeat a run exactly, also use the same --threads',
  },
  draws: {
    type: 'string',
    choices: DRAWS,
    default: 'torch',
    affects: 'training',
    group: RECIPE,
    advanced: true,
    help: "where order and mirroring are drawn from: torch's own random numbers, as in the tutorial, or a counter, with which each image's draws depend on seed and epoch alone",
  },
  ...{ cropScale, hflip, colorJitter, trivialAugment, mixup },
  ...advanced(augmentations),
  ...STOPPING_OPTIONS,
  ...GEOMETRY_OPTIONS,
  ...MACHINE_OPTIONS,
  ...advanced({ backend, precision, threads }),
  deterministic: {
    type: 'boolean',
    default: false,
    group: MACHINE,
    affects: 'training',
    advanced: true,
    help: 'compute on a GPU by algorithms that give the same bits each time, which are slower; a CPU always does',
  },
  syncBatchNorm: {
    type: 'boolean',
    default: false,
    group: MACHINE,
    affects: 'training',
    advanced: true,
    help: 'with several processes, normalise each batch by the statistics of all its images, not of each part by its own',
  },
  cacheMemory: {
    ...SIZE,
    group: MACHINE,
    affects: 'place',
    advanced: true,
    help: 'memory for the features of frozen modules, which are computed once: such as 500MB or 4GB, 0 for none [default: half of what is free]',
  },
  cacheDisk: {
    ...SIZE,
    group: MACHINE,
    affects: 'place',
    advanced: true,
    help: 'disk space in the output folder for features that do not fit into that memory [default: half of what is free]',
  },
  cacheBf16: {
    type: 'boolean',
    default: false,
    group: MACHINE,
    affects: 'training',
    advanced: true,
    help: 'keep these features in bfloat16, which takes half the space',
  },
  cropMemory: {
    ...SIZE,
    group: MACHINE,
    affects: 'place',
    advanced: true,
    help: 'memory for the cropped images; if they need more, they are read from a file in the output folder [default: half of what is free]',
  },
  cropCache: {
    ...SIZE,
    default: '5GB',
    group: MACHINE,
    affects: 'place',
    advanced: true,
    help: 'disk space for crops that are kept for later runs, which then start at once: such as 500MB or 5GB, 0 for none; the least recently used are removed first',
  },
  cacheDir: {
    type: 'string',
    expected: 'a folder',
    group: MACHINE,
    affects: 'place',
    advanced: true,
    help: 'folder for these crops [default: resnet-ft/crops in the user cache]',
  },
  output: {
    type: 'string',
    group: OUTPUT,
    affects: 'place',
    help: 'folder for the results [default: runs/<date-time>]',
  },
  report: {
    type: 'boolean',
    default: true,
    group: OUTPUT,
    affects: 'place',
    advanced: true,
    help: 'write report.html, a page with curves, figures and images of the run; --no-report leaves it out',
  },
  card: {
    type: 'boolean',
    default: true,
    group: OUTPUT,
    affects: 'place',
    advanced: true,
    help: "write README.md, a model card in Hugging Face's format; --no-card leaves it out",
  },
  tensorboard: {
    type: 'boolean',
    default: false,
    group: OUTPUT,
    affects: 'place',
    advanced: true,
    help: 'write event files for TensorBoard into tensorboard/ in the output folder',
  },
} as const satisfies RecipeTable;

/**
 * How to train: any of the options of the command line in camel case.
 *
 * @interface
 */
export type TrainSettings = GivenOptions<typeof TRAIN_OPTIONS>;

/** What `train` takes: the folder of images, which a run that is resumed knows by itself, and how to train. */
export type TrainOptions = TrainSettings & ({ data: string } | { data?: string | undefined; resume: string });

/**
 * The options after defaults: those without a default stay undefined where they were not given.
 *
 * @interface
 */
export type ResolvedTrainOptions = { data: string } & ResolvedOptions<typeof TRAIN_OPTIONS> & {
    lr: number;
    weightDecay: number;
  };

/**
 * Checks every option of `train` and fills in the defaults: those of its recipe, then those of the table.
 *
 * @param images of training, on which some of a recipe's depend; these stay the table's where they are not known yet
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolveTrainOptions(input: TrainOptions, images?: number): ResolvedTrainOptions {
  requireOptions(input, 'the options of train');
  const { data, ...asked } = input;
  refuseRateToChoose(asked);
  const given = withRecipe(asked, images);
  const options = {
    data: requireText('a folder', 'data', data),
    ...settleExtend(withOptimizerDefaults(resolveOptions(TRAIN_OPTIONS, given, 'train')), given.weights),
  };
  checkPatience(options);
  checkOptimization(options);
  if (options.val !== undefined && options.valSplit !== undefined) {
    rejectUse("--val-split can't be used with --val");
  }
  requireFrozen(options);
  checkFold(options);
  checkGeometryOptions(options);
  return settleAugmentation(options, given.draws);
}

type Given = GivenOptions<typeof TRAIN_OPTIONS>;

/** In place of a range of `--crop-scale`: the fixed crop, also where the recipe has others. */
export const NO_CROPS = 'none';

/**
 * Checks options that were resolved before: its recipe's name stands for no values any more, for all are there, or are left out on purpose.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function resolveAgain(options: ResolvedTrainOptions): ResolvedTrainOptions {
  const { recipe, chooseLr } = options;
  // Its rate is one that was chosen.
  return { ...resolveTrainOptions({ ...options, recipe: 'tutorial', chooseLr: false }), recipe, chooseLr };
}

/** What was given, before what the recipe has in its place. */
function withRecipe(asked: Given, images: number | undefined): Given {
  const given = defined(asked);
  const { recipe = TRAIN_OPTIONS.recipe.default } = given;
  // What is no recipe is refused with all other options.
  if (!RECIPES.includes(recipe)) return given;
  return withoutNoCrops({ ...(recipe === 'auto' ? {} : recipeDefaults(recipe, given, images)), ...given });
}

/** What was given, without {@link NO_CROPS}, which is no range: there are none where nobody gives one. */
export function withoutNoCrops<T extends { cropScale?: string | undefined }>(given: T): T {
  return given.cropScale === NO_CROPS ? { ...given, cropScale: undefined } : given;
}

/** Refuses a rate that would be chosen anew; one that is the default may be given again. */
function refuseRateToChoose({ chooseLr, lr, lrHead, optimizer = TRAIN_OPTIONS.optimizer.default }: Given): void {
  if (chooseLr !== true) return;
  // It would stand in for each rate that is tried.
  if (lrHead !== undefined) rejectUse("--lr-head can't be used with --choose-lr, which chooses it");
  if (lr === undefined || !OPTIMIZERS.includes(optimizer)) return;
  if (lr !== optimizerDefaults(optimizer).lr) rejectUse("--lr can't be used with --choose-lr, which chooses it");
}

/** Refuses what needs frozen modules, or such as are not. */
function requireFrozen({ trainFrom, headEpochs, chooseLr, cropScale }: ResolvedTrainOptions): void {
  if (headEpochs > 0 && trainFrom === 'fc') rejectUse("--head-epochs can't be used with --train-from fc");
  if (!chooseLr) return;
  if (trainFrom !== 'fc') rejectUse('--choose-lr needs --train-from fc');
  if (cropScale !== undefined) rejectUse("--crop-scale can't be used with --choose-lr");
}
