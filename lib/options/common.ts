import { ARCHITECTURES, BACKENDS, PRECISIONS, type Architecture } from './values';
import type { OptionTable, RecipeTable } from './spec';

/** The architecture where neither the caller nor a file of weights names one. */
export const DEFAULT_ARCHITECTURE: Architecture = 'resnet50';

// Headings of the help.
export const DATA = 'Data';
export const MODEL = 'Model';
export const MACHINE = 'Machine';
export const OUTPUT = 'Output';

/** Where a model runs: shared by every command that runs one. */
export const MACHINE_OPTIONS = {
  backend: {
    type: 'string',
    choices: BACKENDS,
    default: 'auto',
    group: MACHINE,
    affects: 'result',
    help: 'native computes with LibTorch, js with TensorFlow.js, which is slower; auto is native, or js if there is no LibTorch',
  },
  device: {
    type: 'string',
    pattern: /^(auto|cpu|cuda(:\d{1,3})?)$/,
    expected: 'auto, cpu, cuda or cuda:N',
    default: 'auto',
    group: MACHINE,
    affects: 'result',
    help: 'auto (the first GPU that works, else the CPU), cpu, cuda or cuda:N',
  },
  precision: {
    type: 'string',
    choices: PRECISIONS,
    default: 'auto',
    group: MACHINE,
    affects: 'result',
    help: 'arithmetic; auto is bf16 on a GPU that has it, and for training where the CPU does, else fp32; on a GPU fp32 multiplies in TF32, which is fast and has 3 digits, and fp32-strict does not',
  },
  threads: {
    type: 'number',
    integer: true,
    min: 1,
    max: 4096,
    group: MACHINE,
    affects: 'place',
    help: 'number of LibTorch threads; LibTorch chooses if left out (the js backend always uses one)',
  },
} as const satisfies RecipeTable;

/** Images that a CPU of two cores predicts while the CUDA libraries would still be opening, which takes two to four seconds. */
export const FEW_IMAGES = 16;

/** How a model that is used, not trained, is found and read. */
export const MODEL_OPTIONS = {
  arch: {
    type: 'string',
    choices: ARCHITECTURES,
    group: MODEL,
    help: `architecture, if the file does not say; for named weights [default: ${DEFAULT_ARCHITECTURE}]`,
  },
  classes: {
    type: 'string',
    expected: 'a file of class names',
    group: MODEL,
    help: 'file of class names, one per line, for a model file without class names',
  },
  offline: {
    type: 'boolean',
    default: false,
    group: MODEL,
    help: 'never download; use only what is already there',
  },
} as const satisfies OptionTable;

/** Options of commands that read a folder or a list of images. */
export const BATCH_OPTION = {
  batchSize: {
    type: 'number',
    integer: true,
    min: 1,
    max: 65536,
    default: 32,
    group: MACHINE,
    help: 'images per batch',
  },
} as const satisfies OptionTable;
