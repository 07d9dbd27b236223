import { ARCHITECTURES, BACKENDS, PRECISIONS } from './values';
import type { OptionTable } from './spec';

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
    help: 'what computes: LibTorch, or TensorFlow.js, which is slower; auto is native, and js where LibTorch is missing',
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
    help: 'arithmetic; auto is bf16 on a GPU, and for training where the CPU has it, else fp32',
  },
  threads: {
    type: 'number',
    integer: true,
    min: 1,
    max: 4096,
    group: MACHINE,
    help: 'threads of LibTorch; its own choice where left out (the js backend has one)',
  },
} as const satisfies OptionTable;

/** How a model that is used, not trained, is found and read. */
export const MODEL_OPTIONS = {
  arch: {
    type: 'string',
    choices: ARCHITECTURES,
    group: MODEL,
    help: 'architecture, where the file does not tell; of named weights [default: resnet50]',
  },
  classes: {
    type: 'string',
    expected: 'a file of class names',
    group: MODEL,
    help: 'file of class names, one a line, for a model that does not carry them',
  },
  offline: {
    type: 'boolean',
    default: false,
    group: MODEL,
    help: 'never download; use what is there',
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
