import { kebab, rejectOption, rejectUse, type RecipeTable } from './spec';
import { DATA } from './common';

/** Above this many trainings the figure gets no better. */
const MOST = 100;

const COUNT = {
  type: 'number',
  integer: true,
  min: 2,
  max: MOST,
  group: 'Several trainings',
  affects: 'result',
} as const;

/** Of one training: the fold that is for validation. */
export const FOLD_OPTION = {
  fold: {
    type: 'string',
    pattern: /^[1-9]\d{0,2}\/[1-9]\d{0,2}$/,
    expected: `a fold and how many there are, such as 2/5 (2 to ${MOST})`,
    group: DATA,
    affects: 'result',
    advanced: true,
    help: 'train one fold of a cross-validation, such as 2/5: that fold is for validation, the others are for training',
  },
} as const satisfies RecipeTable;

/** How many trainings the command `train` does, and what for: not for one training to know. */
export const REPEAT_OPTIONS = {
  folds: {
    ...COUNT,
    help: 'cross-validate: train this many times on one folder of classes, with each image validated once, and print one table',
  },
  seeds: {
    ...COUNT,
    help: 'train this many times with different seeds, starting at --seed, and print one table',
  },
} as const satisfies RecipeTable;

/** A fold of so many; both from 1. */
export interface Fold {
  number: number;
  count: number;
}

/**
 * Reads a fold as `--fold` has it.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function foldOf(text: string): Fold {
  const [number = 0, count = 0] = text.split('/').map(Number);
  const good = count >= 2 && count <= MOST && number >= 1 && number <= count;
  return good ? { number, count } : rejectOption(FOLD_OPTION.fold.expected, '--fold', text);
}

/** What else says which images are for validation. */
const OTHER_SPLITS = ['val', 'valSplit'] as const;

/**
 * Checks what does not go with a fold.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function checkFold(options: {
  fold: string | undefined;
  val: string | undefined;
  valSplit: number | undefined;
}): void {
  if (options.fold === undefined) return;
  foldOf(options.fold);
  for (const name of OTHER_SPLITS) {
    if (options[name] !== undefined) {
      rejectUse(`--${kebab(name)} can't be used with --fold`);
    }
  }
}
