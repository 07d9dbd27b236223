import { DATA, FEW_IMAGES, MACHINE_OPTIONS, MODEL, MODEL_OPTIONS, OUTPUT } from './common';
import { checkImages, checkList, LIST_OPTION } from './images';
import {
  rejectOption,
  rejectUse,
  requireOptions,
  requireText,
  resolveOptions,
  type GivenOptions,
  type OptionTable,
  type ResolvedOptions,
} from './spec';

/** Every option of `explain`. */
export const EXPLAIN_OPTIONS = {
  layer: {
    type: 'string',
    expected: "a module of the network's",
    default: 'layer4',
    group: MODEL,
    help: 'module whose output is explained, such as layer3, layer4.0 or layer4.2.conv3: the names are those of resnet-ft summary; earlier ones show finer and less telling maps',
  },
  class: {
    type: 'string',
    expected: 'a class of the model',
    group: MODEL,
    help: 'name or number of the class whose evidence is shown; that which is most probable if left out',
  },
  ...MODEL_OPTIONS,
  ...LIST_OPTION,
  neighbours: {
    type: 'number',
    integer: true,
    min: 0,
    max: 1000,
    default: 0,
    group: DATA,
    help: 'also print this many training images that look most alike to the network; for the folder of a run',
  },
  data: {
    type: 'string',
    expected: 'a folder',
    group: DATA,
    help: 'where the data set of the run is now, for --neighbours [default: where it was]',
  },
  ...MACHINE_OPTIONS,
  device: {
    ...MACHINE_OPTIONS.device,
    help: `auto (the CPU for up to ${FEW_IMAGES} images without --neighbours, else the first GPU that works, else the CPU), cpu, cuda or cuda:N`,
  },
  topK: {
    type: 'number',
    integer: true,
    min: 1,
    default: 5,
    group: OUTPUT,
    help: 'number of classes to print for each image, the most probable first; all if the model has fewer',
  },
  output: {
    type: 'string',
    expected: 'a folder',
    default: '.',
    group: OUTPUT,
    help: 'folder for the pictures, NAME.LAYER.CLASS.png; it is made if it is missing',
  },
  force: { type: 'boolean', default: false, group: OUTPUT, help: 'replace pictures that exist' },
} as const satisfies OptionTable;

/**
 * What `explain` takes: a model, images, and any of the options of the command line in camel case.
 *
 * @interface
 */
export type ExplainOptions = {
  /** A file of weights, the folder of a run, or named weights. */
  model: string;
  /** Images, folders and globs. */
  images: readonly string[];
} & GivenOptions<typeof EXPLAIN_OPTIONS>;

/** The options after defaults. */
export type ResolvedExplainOptions = { model: string; images: string[] } & ResolvedOptions<typeof EXPLAIN_OPTIONS>;

/**
 * Checks every option of `explain` and fills in the defaults.
 *
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolveExplainOptions(input: ExplainOptions): ResolvedExplainOptions {
  requireOptions(input, 'the options of explain');
  const { model, images, ...given } = input;
  const checked = checkImages(images);
  const options = {
    model: requireText('a file, a folder or a name', 'model', model),
    images: checked,
    ...resolveOptions(EXPLAIN_OPTIONS, given, 'explain'),
  };
  if (options.backend === 'js') {
    rejectOption(
      'native or auto',
      '--backend',
      options.backend,
      'Grad-CAM needs gradients, which the js backend does not have',
    );
  }
  checkList(options, checked);
  if (options.data !== undefined && options.neighbours === 0) {
    rejectUse('--data needs --neighbours');
  }
  return options;
}
