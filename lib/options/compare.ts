import { settleAugmentation } from './augmentation';
import { DATA, MODEL, OUTPUT } from './common';
import { EVAL_OPTIONS } from './eval';
import { checkGeometryOptions } from './geometry';
import { checkOptimization, withOptimizerDefaults } from './optimization';
import { checkPatience } from './stopping';
import {
  rejectOption,
  requireOptions,
  requireText,
  resolveOptions,
  type GivenOptions,
  type RecipeTable,
  type ResolvedOptions,
} from './spec';
import { TRAIN_OPTIONS, withoutNoCrops } from './train';

/** The rows of the tutorial's table, in its order. */
export const COMPARE_ROWS = ['pretrained', 'fine-tuned', 'scratch'] as const;
/**
 * A row of the tutorial's table: the pretrained network as it is, fine-tuned, or one from scratch.
 *
 * @useDeclaredType
 */
export type CompareRow = (typeof COMPARE_ROWS)[number];

const ROWS = new Set<string>(COMPARE_ROWS);

// What does not make sense for the rows together: each has its weights, and trains or does not.
const { weights, extend, valSplit, fold, steps, keep, output, resume, maxTime, ...others } = TRAIN_OPTIONS;
// All of them run in one process.
const { recipe, headEpochs, chooseLr, calibrate, syncBatchNorm, ...shared } = others;

/** Every option of `compare`: those of `train`, which two of its rows run, with the tutorial's choice of weights. */
export const COMPARE_OPTIONS = {
  ...shared,
  rows: {
    type: 'string',
    expected: `a list of any of ${COMPARE_ROWS.join(', ')}`,
    default: COMPARE_ROWS.join(','),
    group: DATA,
    affects: 'place',
    help: 'rows of the table to produce',
  },
  weights: {
    type: 'string',
    default: 'imagenet-v1',
    group: MODEL,
    affects: 'start',
    help: 'pretrained weights of the first two rows: imagenet-v1, imagenet-v2 or a state dict file of 1000 classes',
  },
  classMap: EVAL_OPTIONS.classMap,
  keep: { ...keep, default: 'min-batch-loss' },
  output: {
    type: 'string',
    default: 'runs/compare',
    group: OUTPUT,
    affects: 'place',
    help: 'folder for the results, one folder per row; rows that are already finished there are not run again',
  },
} as const satisfies RecipeTable;

/**
 * What `compare` takes: the folder of images, and any of the options of the command line in camel case.
 *
 * @interface
 */
export type CompareOptions = { data: string } & GivenOptions<typeof COMPARE_OPTIONS>;

/** The options after defaults; `rows` in the order of the table. */
export type ResolvedCompareOptions = { data: string; rows: CompareRow[]; lr: number; weightDecay: number } & Omit<
  ResolvedOptions<typeof COMPARE_OPTIONS>,
  'rows'
>;

/**
 * Checks every option of `compare` and fills in the defaults.
 *
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolveCompareOptions(input: CompareOptions): ResolvedCompareOptions {
  requireOptions(input, 'the options of compare');
  const { data, ...asked } = input;
  const given = withoutNoCrops(asked);
  const options = settleAugmentation(
    withOptimizerDefaults(resolveOptions(COMPARE_OPTIONS, given, 'compare')),
    given.draws,
  );
  checkPatience(options);
  checkOptimization(options);
  const named = options.rows.split(',').map((row) => row.trim());
  if (!named.every((row) => ROWS.has(row))) rejectOption(COMPARE_OPTIONS.rows.expected, '--rows', options.rows);
  checkGeometryOptions(options);
  const rows = COMPARE_ROWS.filter((row) => named.includes(row));
  // The first two rows would not be what the table says that they are.
  if (options.weights === 'none' && rows.some((row) => row !== 'scratch')) {
    rejectOption('pretrained weights', '--weights', 'none', 'The row that needs none is the last: --rows scratch');
  }
  return { ...options, data: requireText('a folder', 'data', data), rows };
}
