import { BATCH_OPTION, DATA, MACHINE_OPTIONS, MODEL_OPTIONS, OUTPUT } from './common';
import type { OptionTable, ResolvedOptions } from './spec';

/** Every option of `eval`. */
export const EVAL_OPTIONS = {
  classMap: {
    type: 'string',
    expected: 'folder=class pairs or a JSON file',
    group: DATA,
    affects: 'evaluation',
    help: 'classes of the folders whose names the model does not have: ants=ant,bees=309, or a JSON file {"ants": "ant", "bees": 309}',
  },
  skipUnreadable: {
    type: 'boolean',
    default: false,
    group: DATA,
    help: 'exit with code 0 even if some images cannot be read',
  },
  ...MODEL_OPTIONS,
  ...BATCH_OPTION,
  ...MACHINE_OPTIONS,
  predictions: {
    type: 'string',
    pattern: /\.(jsonl|csv)$/i,
    expected: 'a file name ending in .jsonl or .csv',
    group: OUTPUT,
    help: 'file for the predictions of all images: .jsonl, or .csv, in which names that look like formulas get an apostrophe before them',
  },
} as const satisfies OptionTable;

/** The options after defaults. */
export type ResolvedEvalOptions = ResolvedOptions<typeof EVAL_OPTIONS>;
