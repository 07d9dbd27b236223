import { BATCH_OPTION, DATA, MACHINE_OPTIONS, MODEL_OPTIONS, OUTPUT } from './common';
import {
  kebab,
  rejectUse,
  requireOptions,
  requireText,
  resolveOptions,
  type GivenOptions,
  type OptionTable,
  type ResolvedOptions,
} from './spec';
import { MOST_SIDE } from './values';

/** Every option of `check`. */
export const CHECK_OPTIONS = {
  val: {
    type: 'string',
    group: DATA,
    help: 'folder of the validation images, if it is not val/ beside train/',
  },
  imageSize: {
    type: 'number',
    integer: true,
    min: 1,
    max: MOST_SIDE,
    group: DATA,
    help: 'side in pixels below which an image is too small for the network [default: that of the model, or 224]',
  },
  model: {
    type: 'string',
    expected: 'a file, a folder or a name',
    group: 'Model',
    help: 'model whose embeddings tell probable wrong labels and further near duplicates: imagenet-v1, a run or a file',
  },
  ...MODEL_OPTIONS,
  folds: {
    type: 'number',
    integer: true,
    min: 2,
    max: 20,
    default: 5,
    group: 'Model',
    help: 'with --model: parts of the cross-validation that judges labels',
  },
  seed: {
    type: 'number',
    integer: true,
    min: 0,
    max: 0xffffffff,
    default: 0,
    group: 'Model',
    help: 'with --model: seed of these parts',
  },
  ...BATCH_OPTION,
  ...MACHINE_OPTIONS,
  html: {
    type: 'string',
    pattern: /\.html?$/i,
    expected: 'a file name ending in .html',
    group: OUTPUT,
    help: 'file for a page that shows the images of each finding',
  },
} as const satisfies OptionTable;

/**
 * What `checkData` takes: the folder, and any of the options of the command line in camel case.
 *
 * @interface
 */
export type CheckOptions = { data: string } & GivenOptions<typeof CHECK_OPTIONS>;

/** The options after defaults. */
export type ResolvedCheckOptions = { data: string } & ResolvedOptions<typeof CHECK_OPTIONS>;

/** Options that do nothing where no model judges; the tutorial's data set may be downloaded without one. */
const { val: _val, imageSize: _size, model: _model, html: _html, offline: _offline, ...WITH_MODEL } = CHECK_OPTIONS;

/**
 * Checks every option of `check` and fills in the defaults.
 *
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolveCheckOptions(input: CheckOptions): ResolvedCheckOptions {
  requireOptions(input, 'the options of check');
  const { data, ...given } = input;
  const options = { data: requireText('a folder', 'data', data), ...resolveOptions(CHECK_OPTIONS, given, 'check') };
  if (options.model === undefined) {
    for (const name of Object.keys(WITH_MODEL) as (keyof typeof WITH_MODEL)[]) {
      if (given[name] !== undefined) rejectUse(`--${kebab(name)} needs --model`);
    }
  }
  return options;
}
