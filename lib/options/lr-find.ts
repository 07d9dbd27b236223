import { OUTPUT } from './common';
import { rejectUse, requireOptions, requireText, resolveOptions, type GivenOptions, type OptionTable } from './spec';
import { resolveTrainOptions, TRAIN_OPTIONS, withoutNoCrops, type ResolvedTrainOptions } from './train';

const RANGE = 'Range';

/** Most steps of a range test: its curve is all in memory, and drawn. */
const MOST_STEPS = 10_000;

/** Rates beyond these are no numbers any more, or nothing, once they are those of weights: their arithmetic has no others. */
const LEAST_RATE = 1e-38;
const GREATEST_RATE = 1e38;
const RATES = { type: 'number', min: LEAST_RATE, max: GREATEST_RATE, group: RANGE } as const;

// How long a run is, how its rate changes, and what becomes of its weights: a range test has its own rates, and keeps nothing.
const { epochs, steps, patience, minDelta, maxTime, ...endless } = TRAIN_OPTIONS;
const { schedule, warmup, stepSize, gamma, finalLrFactor, cycleMomentum, ...unscheduled } = endless;
const {
  keep,
  ema,
  calibrate,
  resume,
  checkpointEvery,
  output,
  report,
  lr,
  skipUnreadable,
  cropMemory,
  cacheDisk,
  ...unnamed
} = unscheduled;
// Of these a recipe's name stands for values, a head that is trained first has a range of its own, and one process has no others.
const { recipe, headEpochs, chooseLr, syncBatchNorm, ...shared } = unnamed;

/** Every option of `lr-find`: those of `train` that say what is trained, on which images, where; and the range of rates. */
export const LR_FIND_OPTIONS = {
  lrMin: { ...RATES, default: 1e-6, help: 'learning rate of the first step' },
  lrMax: { ...RATES, default: 10, help: 'learning rate of the last step' },
  lrSteps: {
    type: 'number',
    integer: true,
    min: 20,
    max: MOST_STEPS,
    default: 100,
    group: RANGE,
    help: 'optimizer steps from the one to the other; fewer if the loss explodes sooner',
  },
  ...shared,
  skipUnreadable: { ...skipUnreadable, help: 'go on without images that cannot be read, and name them' },
  lr: {
    type: 'number',
    above: 0,
    group: lr.group,
    advanced: true,
    help: 'with --lr-head, the rate beside which it stands: their proportion is kept [default: 0.01, or 0.001 with AdamW]',
  },
  cropMemory: {
    ...cropMemory,
    help: "memory for the cropped images; if they need more, they are read from a file in the system's temporary folder [default: half of what is free]",
  },
  cacheDisk: {
    ...cacheDisk,
    help: "disk space in the system's temporary folder for features that do not fit into that memory [default: half of what is free]",
  },
  output: {
    type: 'string',
    pattern: /\.svg$/i,
    expected: 'a file name ending in .svg',
    group: OUTPUT,
    help: 'also draw the curve into a file, such as lr-find.svg; an existing file is replaced',
  },
} as const satisfies OptionTable;

/**
 * What `lr-find` takes: the folder of images, and any of the options of the command line in camel case.
 *
 * @interface
 */
export type LrFindOptions = { data: string } & GivenOptions<typeof LR_FIND_OPTIONS>;

/** The options after defaults. */
export interface ResolvedLrFindOptions {
  lrMin: number;
  lrMax: number;
  lrSteps: number;
  output: string | undefined;
  /** Those of a training of so many steps that saves nothing. */
  train: ResolvedTrainOptions;
}

/**
 * Checks every option of `lr-find` and fills in the defaults.
 *
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolveLrFindOptions(input: LrFindOptions): ResolvedLrFindOptions {
  requireOptions(input, 'the options of lr-find');
  const { data, ...given } = input;
  const { lrMin, lrMax, lrSteps, output } = resolveOptions(LR_FIND_OPTIONS, withoutNoCrops(given), 'lr-find');
  if (lrMin >= lrMax) rejectUse(`--lr-min must be below --lr-max, and ${lrMin} is not below ${lrMax}`);
  const { lrMin: _min, lrMax: _max, lrSteps: _steps, output: _output, ...training } = given;
  if (training.lr !== undefined && training.lrHead === undefined) {
    const hint = 'The rate is what is looked for; its range is --lr-min to --lr-max';
    rejectUse('--lr needs --lr-head', hint);
  }
  const train = resolveTrainOptions({
    ...training,
    data: requireText('a folder', 'data', data),
    // An epoch has at least one step.
    ...{ epochs: lrSteps, steps: lrSteps, checkpointEvery: 'never' },
  });
  requireRateOfHead(train, lrMax);
  return { lrMin, lrMax, lrSteps, output, train };
}

/** Refuses a head whose rate, in its proportion to the others', would be none at the end of the range. */
function requireRateOfHead({ lr, lrHead }: ResolvedTrainOptions, lrMax: number): void {
  // NaN is no rate either.
  if (lrHead === undefined || lrHead * (lrMax / lr) <= GREATEST_RATE) return;
  rejectUse(
    `--lr-head ${lrHead} beside --lr ${lr} can't be kept up to --lr-max ${lrMax}: it comes to over ${GREATEST_RATE}`,
  );
}
