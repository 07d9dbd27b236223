import { MACHINE } from './common';
import type { RecipeTable } from './spec';

/** How many processes train together: not for one of them to know. */
export const TEAM_OPTIONS = {
  nproc: {
    type: 'string',
    pattern: /^([1-9]\d{0,2}|gpu)$/,
    expected: 'a number of processes, or gpu',
    group: MACHINE,
    affects: 'place',
    help: 'train with this many processes on this machine, which share each batch; gpu: one for each GPU (docs/distributed.md)',
  },
  processTimeout: {
    type: 'number',
    integer: true,
    min: 1,
    max: 86_400,
    default: 300,
    group: MACHINE,
    affects: 'place',
    advanced: true,
    help: 'seconds for which one of several processes may keep the others waiting',
  },
} as const satisfies RecipeTable;
