import { DEFAULT_ARCHITECTURE, MODEL, MODEL_OPTIONS } from './common';
import type { OptionTable } from './spec';
import { ARCHITECTURES } from './values';

/** Options of `data`. */
export const DATA_OPTIONS = { offline: MODEL_OPTIONS.offline } as const satisfies OptionTable;

/** Options of `weights`. */
export const WEIGHTS_OPTIONS = {
  arch: {
    type: 'string',
    choices: ARCHITECTURES,
    group: MODEL,
    help: `architecture; if left out, list shows all and download takes ${DEFAULT_ARCHITECTURE}`,
  },
  offline: MODEL_OPTIONS.offline,
} as const satisfies OptionTable;
