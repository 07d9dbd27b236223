import { BATCH_OPTION, DATA, MACHINE_OPTIONS, MODEL_OPTIONS, OUTPUT } from './common';
import { rejectOption, rejectUse, requireText, resolveOptions, type OptionTable, type ResolvedOptions } from './spec';

/** Every option of `loadModel`. */
export const LOAD_MODEL_OPTIONS = {
  ...MODEL_OPTIONS,
  topK: {
    type: 'number',
    integer: true,
    min: 1,
    default: 1,
    group: OUTPUT,
    help: 'number of classes to print for each image, the most probable first; all if the model has fewer',
  },
  ...BATCH_OPTION,
  ...MACHINE_OPTIONS,
} as const satisfies OptionTable;

/** Every option of `predict`. */
export const PREDICT_OPTIONS = {
  ...LOAD_MODEL_OPTIONS,
  features: {
    type: 'boolean',
    default: false,
    group: OUTPUT,
    help: 'with --json: also print the features that the classifier gets: 2048 numbers, 512 for resnet18 and resnet34',
  },
  null: {
    type: 'boolean',
    default: false,
    group: DATA,
    help: 'paths in the list on standard input end with a NUL byte, as from find -print0, instead of a newline',
  },
} as const satisfies OptionTable;

/** What `predict` of the command line works on. */
export type ResolvedPredictOptions = { model: string; images: string[] } & ResolvedOptions<typeof PREDICT_OPTIONS>;

/**
 * Checks every option of `predict` and fills in the defaults.
 *
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolvePredictOptions(
  model: unknown,
  images: unknown,
  given: unknown,
  json: boolean,
): ResolvedPredictOptions {
  if (!Array.isArray(images) || images.length === 0) rejectOption('images, folders or globs', 'images', images);
  const options = resolveOptions(PREDICT_OPTIONS, given, 'predict');
  if (options.features && !json) rejectUse('--features needs --json');
  if (options.null && !images.includes('-')) rejectUse('--null needs - among the images');
  return {
    ...options,
    model: requireText('a model', 'model', model),
    images: images.map((image) => requireText('a path or a glob', 'images', image)),
  };
}
