import { ResnetFtError } from './errors';

/** Crop geometry and normalisation of the tutorial's recipe (torchvision's ImageNet preset). */
export const PREPROCESSING = {
  resize: 256,
  crop: 224,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const;

/** The architectures that the native core can build. */
export const ARCHITECTURES = ['resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152'] as const;

/** The modules from which training can start. */
export const TRAIN_FROM = ['conv1', 'layer1', 'layer2', 'layer3', 'layer4', 'fc'] as const;

/** The precisions that a caller can ask for. */
export const PRECISIONS = ['auto', 'fp32', 'bf16', 'fp64'] as const;

interface OptionBase {
  readonly help: string;
  /** Heading of the help under which the option stands. */
  readonly group: string;
}

interface NumberOption extends OptionBase {
  readonly type: 'number';
  readonly default?: number;
  readonly integer?: boolean;
  readonly min?: number;
  readonly above?: number;
  readonly max?: number;
  readonly below?: number;
}

interface StringOption extends OptionBase {
  readonly type: 'string';
  readonly default?: string;
  readonly choices?: readonly string[];
  readonly pattern?: RegExp;
  /** Wording of what is expected, where `pattern` is given. */
  readonly expected?: string;
}

interface BooleanOption extends OptionBase {
  readonly type: 'boolean';
  readonly default: boolean;
}

type OptionSpec = NumberOption | StringOption | BooleanOption;

const DATA = 'Data';
const MODEL = 'Model';
const RECIPE = 'Recipe';
const MACHINE = 'Machine';
const OUTPUT = 'Output';

/** Every option of `train`, declared once: the command line, the API's validation and its types derive from it. */
export const TRAIN_OPTIONS = {
  val: { type: 'string', group: DATA, help: 'folder of validation images, one folder per class' },
  valSplit: {
    type: 'number',
    above: 0,
    below: 1,
    group: DATA,
    help: 'share of each class kept for validation, where <data> is one folder of classes',
  },
  skipUnreadable: {
    type: 'boolean',
    default: false,
    group: DATA,
    help: 'go on without images that cannot be read, and list them in the output folder',
  },
  arch: { type: 'string', choices: ARCHITECTURES, default: 'resnet50', group: MODEL, help: 'architecture' },
  weights: {
    type: 'string',
    default: 'none',
    group: MODEL,
    help: 'weights to start from: none, or a state dict file',
  },
  trainFrom: {
    type: 'string',
    choices: TRAIN_FROM,
    default: 'conv1',
    group: MODEL,
    help: 'train this module and all after it; freeze what stands before',
  },
  epochs: {
    type: 'number',
    integer: true,
    min: 1,
    max: 1_000_000,
    default: 50,
    group: RECIPE,
    help: 'passes over the training images',
  },
  steps: { type: 'number', integer: true, min: 1, group: RECIPE, help: 'stop after so many optimizer steps' },
  batchSize: { type: 'number', integer: true, min: 1, max: 65536, default: 64, group: RECIPE, help: 'images per step' },
  lr: { type: 'number', min: 0, default: 0.01, group: RECIPE, help: 'learning rate' },
  momentum: { type: 'number', min: 0, default: 0.5, group: RECIPE, help: 'momentum of SGD' },
  weightDecay: { type: 'number', min: 0, default: 0, group: RECIPE, help: 'weight decay of SGD' },
  nesterov: { type: 'boolean', default: false, group: RECIPE, help: 'Nesterov momentum' },
  seed: {
    type: 'number',
    integer: true,
    min: 0,
    default: 0,
    group: RECIPE,
    help: 'seed of initial weights, order and flips',
  },
  device: {
    type: 'string',
    pattern: /^(auto|cpu|cuda(:\d{1,3})?)$/,
    expected: 'auto, cpu, cuda or cuda:N',
    default: 'auto',
    group: MACHINE,
    help: 'auto, cpu, cuda or cuda:N',
  },
  precision: {
    type: 'string',
    choices: PRECISIONS,
    default: 'auto',
    group: MACHINE,
    help: 'arithmetic; auto is bf16 on a GPU and fp32 elsewhere',
  },
  threads: {
    type: 'number',
    integer: true,
    min: 1,
    max: 4096,
    group: MACHINE,
    help: 'threads of LibTorch; its own choice where left out',
  },
  output: {
    type: 'string',
    group: OUTPUT,
    help: 'folder for the results [default: runs/<date-time>]',
  },
} as const satisfies Record<string, OptionSpec>;

type Table = typeof TRAIN_OPTIONS;
type ValueOf<S> = S extends { choices: readonly (infer C)[] }
  ? C
  : S extends { type: 'number' }
    ? number
    : S extends { type: 'boolean' }
      ? boolean
      : string;

/** What `train` takes: the folder of images, and any of the options of the command line in camel case. */
export type TrainOptions = { data: string } & { -readonly [K in keyof Table]?: ValueOf<Table[K]> | undefined };

/** The options after defaults: those without a default stay undefined where they were not given. */
export type ResolvedTrainOptions = { data: string } & {
  -readonly [K in keyof Table]: Table[K] extends { default: unknown }
    ? ValueOf<Table[K]>
    : ValueOf<Table[K]> | undefined;
};

/** `trainFrom` as the command line spells it: `train-from`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function show(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'nothing' : value.replace(/[\r\n]+/g, ' ');
  if (typeof value === 'number' || typeof value === 'boolean' || value == null) return String(value);
  return Array.isArray(value) ? value.map(show).join(', ') : typeof value;
}

function reject(expected: string, name: string, value: unknown): never {
  throw new ResnetFtError('INVALID_OPTION', `Expected ${expected} for ${name} but received ${show(value)}`);
}

function numberExpectation(spec: NumberOption): string {
  const noun = spec.integer === true ? 'an integer' : 'a number';
  const limits: string[] = [];
  if (spec.min !== undefined) limits.push(`of at least ${spec.min}`);
  if (spec.above !== undefined) limits.push(`above ${spec.above}`);
  if (spec.max !== undefined) limits.push(`at most ${spec.max}`);
  if (spec.below !== undefined) limits.push(`below ${spec.below}`);
  return limits.length === 0 ? noun : `${noun} ${limits.join(' and ')}`;
}

function checkNumber(spec: NumberOption, flag: string, value: unknown): number {
  const good =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (spec.integer !== true || Number.isSafeInteger(value)) &&
    (spec.min === undefined || value >= spec.min) &&
    (spec.above === undefined || value > spec.above) &&
    (spec.max === undefined || value <= spec.max) &&
    (spec.below === undefined || value < spec.below);
  return good ? value : reject(numberExpectation(spec), flag, value);
}

function checkString(spec: StringOption, flag: string, value: unknown): string {
  if (spec.choices !== undefined) {
    const choices = spec.choices;
    const list = `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
    return typeof value === 'string' && choices.includes(value) ? value : reject(list, flag, value);
  }
  if (typeof value !== 'string' || value === '') return reject(spec.expected ?? 'a path', flag, value);
  if (spec.pattern !== undefined && !spec.pattern.test(value)) return reject(spec.expected ?? 'a path', flag, value);
  return value;
}

function checkOption(spec: OptionSpec, flag: string, value: unknown): unknown {
  if (spec.type === 'number') return checkNumber(spec, flag, value);
  if (spec.type === 'string') return checkString(spec, flag, value);
  return typeof value === 'boolean' ? value : reject('true or false', flag, value);
}

/**
 * Checks every option and fills in the defaults.
 *
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolveTrainOptions(input: TrainOptions): ResolvedTrainOptions {
  if (typeof input !== 'object' || input === null) reject('an object', 'the options of train', input);
  const given = input as unknown as Record<string, unknown>;
  if (typeof given['data'] !== 'string' || given['data'] === '') reject('a folder', 'data', given['data']);
  const resolved: Record<string, unknown> = { data: given['data'] };
  for (const name of Object.keys(given)) {
    if (name !== 'data' && !Object.hasOwn(TRAIN_OPTIONS, name)) {
      throw new ResnetFtError('INVALID_OPTION', `Expected an option of train but received ${name}`);
    }
  }
  for (const [name, spec] of Object.entries(TRAIN_OPTIONS) as [string, OptionSpec][]) {
    const value = given[name];
    resolved[name] = value === undefined ? spec.default : checkOption(spec, `--${kebab(name)}`, value);
  }
  const options = resolved as ResolvedTrainOptions;
  if (options.nesterov && options.momentum === 0) reject('a number above 0 with --nesterov', '--momentum', 0);
  if (options.val !== undefined && options.valSplit !== undefined) {
    reject('no value beside --val', '--val-split', options.valSplit);
  }
  return options;
}
