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
    help: 'train with so many processes on this machine, which share each batch; gpu: one for each GPU (docs/distributed.md)',
  },
} as const satisfies RecipeTable;
