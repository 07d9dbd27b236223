import { BATCH_OPTION, DATA, MACHINE_OPTIONS, MODEL_OPTIONS, OUTPUT } from './common';
import type { OptionTable, ResolvedOptions } from './spec';

/** Every option of `eval`. */
export const EVAL_OPTIONS = {
  classMap: {
    type: 'string',
    expected: 'folder=class pairs or a JSON file',
    group: DATA,
    help: 'class of each folder that is named otherwise: ants=ant,bees=309, or a JSON file {"ants": "ant", "bees": 309}',
  },
  skipUnreadable: {
    type: 'boolean',
    default: false,
    group: DATA,
    help: 'end with exit code 0 although images could not be read',
  },
  ...MODEL_OPTIONS,
  ...BATCH_OPTION,
  ...MACHINE_OPTIONS,
  predictions: {
    type: 'string',
    pattern: /\.(jsonl|csv)$/i,
    expected: 'a file name ending in .jsonl or .csv',
    group: OUTPUT,
    help: 'file for the prediction of every image: .jsonl, or .csv, where names such as =x get an apostrophe against formulas',
  },
} as const satisfies OptionTable;

/** The options after defaults. */
export type ResolvedEvalOptions = ResolvedOptions<typeof EVAL_OPTIONS>;
