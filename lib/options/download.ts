import { DATA, DEFAULT_ARCHITECTURE, MODEL, MODEL_OPTIONS } from './common';
import type { OptionTable } from './spec';
import { ARCHITECTURES } from './values';

/** Options of `data`. */
export const DATA_OPTIONS = { offline: { ...MODEL_OPTIONS.offline, group: DATA } } as const satisfies OptionTable;

const ARCH = { type: 'string', choices: ARCHITECTURES, group: MODEL } as const;

/** Options of `weights list`. */
export const WEIGHTS_LIST_OPTIONS = {
  arch: { ...ARCH, help: 'list only those of this architecture' },
} as const satisfies OptionTable;

/** Options of `weights download`. */
export const WEIGHTS_DOWNLOAD_OPTIONS = {
  arch: { ...ARCH, default: DEFAULT_ARCHITECTURE, help: 'architecture' },
  offline: MODEL_OPTIONS.offline,
} as const satisfies OptionTable;
