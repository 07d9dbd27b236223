import { BATCH_OPTION, FEW_IMAGES, MACHINE_OPTIONS, MODEL_OPTIONS, OUTPUT } from './common';
import { checkImages, checkList, LIST_OPTION } from './images';
import { rejectUse, requireText, resolveOptions, type OptionTable, type ResolvedOptions } from './spec';

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
  device: {
    ...MACHINE_OPTIONS.device,
    help: `auto (the CPU for up to ${FEW_IMAGES} images, else the first GPU that works, else the CPU), cpu, cuda or cuda:N`,
  },
  features: {
    type: 'boolean',
    default: false,
    group: OUTPUT,
    help: 'with --json: also print the features that the classifier gets: 2048 numbers, 512 for resnet18 and resnet34',
  },
  ...LIST_OPTION,
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
  const checked = checkImages(images);
  const options = resolveOptions(PREDICT_OPTIONS, given, 'predict');
  if (options.features && !json) rejectUse('--features needs --json');
  checkList(options, checked);
  return { ...options, model: requireText('a model', 'model', model), images: checked };
}
