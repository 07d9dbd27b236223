import { DURATION, DURATION_PATTERN } from './duration';
import { rejectUse, type RecipeTable } from './spec';

const STOPPING = 'Stopping and resuming';

/** When a run ends, how it is saved meanwhile, and how it is gone on with. */
export const STOPPING_OPTIONS = {
  resume: {
    type: 'string',
    expected: 'the folder of a run, or one of its checkpoints',
    group: STOPPING,
    affects: 'place',
    help: 'go on with the run in this folder, as if it had never stopped; its options need not be given again',
  },
  checkpointEvery: {
    type: 'string',
    pattern: new RegExp(String.raw`^(epoch|never|[1-9]\d{0,14}|${DURATION})$`),
    expected: 'a number of steps, a time such as 90s or 10m, epoch or never',
    group: STOPPING,
    advanced: true,
    affects: 'place',
    help: 'save the whole run every so often, after a number of steps or a time such as 500 or 10m, as well as after every epoch [default: after every epoch, unless epochs are shorter than saving]',
  },
  patience: {
    type: 'number',
    integer: true,
    min: 1,
    group: STOPPING,
    affects: 'training',
    help: 'stop after this many epochs without improvement on the validation images',
  },
  minDelta: {
    type: 'number',
    min: 0,
    max: 1,
    default: 0,
    group: STOPPING,
    advanced: true,
    affects: 'training',
    help: 'how much the validation accuracy (0 to 1) must rise to count as better; with 0, a lower loss at the same accuracy counts too',
  },
  maxTime: {
    type: 'string',
    pattern: DURATION_PATTERN,
    expected: 'a time such as 20m or 1h30m',
    group: STOPPING,
    advanced: true,
    affects: 'training',
    help: 'plan for no more epochs than fit into this time, as measured at the start',
  },
} as const satisfies RecipeTable;

/**
 * Checks that what counts as better matters at all.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function checkPatience({ minDelta, patience }: { minDelta: number; patience: number | undefined }): void {
  if (minDelta > 0 && patience === undefined) rejectUse('--min-delta needs --patience');
}
