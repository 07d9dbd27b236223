import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ResnetFtError } from '../errors';
import {
  defined,
  kebab,
  rejectOption,
  rejectUse,
  REPEAT_OPTIONS,
  requireOptions,
  resolveOptions,
  resolveTrainOptions,
  type TrainOptions,
} from '../options';
import { isPlan, PLAN } from '../model/several';
import { readOfRun } from '../train/read-of-run';
import { mergeOptions } from '../train/resume';
import { wholePaths } from '../train/run-config';
import type { RepeatKind, RepeatRun } from './types';

/** What a caller gives, of either kind. */
export type RepeatInput = Partial<Record<RepeatKind, number | undefined>> & Partial<TrainOptions>;

/** What the trainings are, as `repeats.json` has it from the beginning on. */
export interface Plan {
  by: RepeatKind;
  count: number;
  /** As they were given; what was left out is for each training to settle. Paths are absolute. */
  options: { data: string } & Omit<TrainOptions, 'data' | 'resume' | 'output'>;
}

/** What can't be said of one training of several. */
const UNSUITED = {
  folds: ['fold', 'val', 'valSplit', 'maxTime'],
  seeds: ['fold', 'maxTime'],
} as const;

const WHY: Readonly<Record<string, string>> = {
  val: 'The folds say which images are for validation',
  valSplit: 'The folds say which images are for validation',
  maxTime: 'It would give each training a length of its own; use --epochs or --steps',
};

/**
 * Checks what was given, as far as it can be without the plan of trainings that began before.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function checkInput(by: RepeatKind, input: RepeatInput): void {
  requireOptions(input, `the options of ${by}`);
  const { folds, seeds } = resolveOptions(REPEAT_OPTIONS, { folds: input.folds, seeds: input.seeds }, 'train');
  if (folds !== undefined && seeds !== undefined) {
    rejectUse("--seeds can't be used with --folds", 'Cross-validate with another --seed in another folder');
  }
  for (const name of UNSUITED[by]) {
    const value = input[name];
    if (value !== undefined) rejectUse(`--${kebab(name)} can't be used with --${by}`, WHY[name]);
  }
  const { folds: _folds, seeds: _seeds, resume: _resume, ...given } = input;
  const { seed } = resolveTrainOptions({ ...given, data: input.data ?? '.' });
  const most = Number.MAX_SAFE_INTEGER - (seeds ?? 1) + 1;
  // The last seed is one that a training takes.
  if (seed > most) rejectOption(`an integer of at most ${most}, with --seeds ${seeds},`, '--seed', seed);
}

/**
 * The plan of trainings that begin: the images of the last epoch's weights judge them, unless another choice was asked for, since an epoch that is
 * chosen by the validation images looks better on these than it is.
 */
export function newPlan(by: RepeatKind, input: RepeatInput): Plan {
  const { folds: _folds, seeds: _seeds, resume: _resume, output: _output, data, ...given } = input;
  const count = input[by] ?? rejectOption('a number of trainings', `--${by}`, undefined);
  if (data === undefined) rejectOption('a folder', 'data', data);
  const options = { ...defined(given), data, keep: given.keep ?? 'last' } as const;
  return { by, count, options: wholePaths(options) };
}

/**
 * The plan of trainings that go on, with what was given anew.
 *
 * @throws ResnetFtError INVALID_OPTION for an option that they began otherwise with
 */
export function continued(plan: Plan, by: RepeatKind, input: RepeatInput): Plan {
  const { folds: _folds, seeds: _seeds, resume: _resume, output: _output, data, ...given } = input;
  if (by !== plan.by) {
    rejectUse(`--${by} can't be used here: the trainings began with --${plan.by} ${plan.count}`);
  }
  if (input[by] !== undefined && input[by] !== plan.count) {
    rejectOption(
      `${plan.count}, as when the trainings began,`,
      `--${by}`,
      input[by],
      'Choose another folder for others',
    );
  }
  mergeOptions(resolveTrainOptions(plan.options), { ...defined(given), data: plan.options.data });
  const now = wholePaths({ ...plan.options, ...defined(given), data: data ?? plan.options.data }, plan.options);
  return isDeepStrictEqual(now, plan.options) ? plan : { ...plan, options: now };
}

/**
 * Reads the plan in a folder.
 *
 * @returns undefined where there is none
 * @throws ResnetFtError CHECKPOINT_INVALID
 */
export async function readPlan(folder: string): Promise<Plan | undefined> {
  const file = path.join(folder, PLAN);
  const bytes = await readOfRun(file);
  if (bytes === undefined) return undefined;
  try {
    const plan: unknown = JSON.parse(bytes.toString());
    if (!isPlan(plan)) throw new Error('neither folds nor seeds, no number of trainings, or no data set');
    const { by, count, options } = plan as Plan;
    checkInput(by, { ...options, [by]: count });
    return { by, count, options };
  } catch (cause) {
    throw damaged(file, 'is damaged, or of another version of resnet-ft', cause);
  }
}

function damaged(file: string, what: string, cause: unknown): ResnetFtError {
  return new ResnetFtError('CHECKPOINT_INVALID', `${file} ${what}`, {
    hint: 'Begin anew in another folder',
    cause,
  });
}

/** The trainings, with what each has for its own. */
export function runsOf({ by, count, options }: Plan): { run: RepeatRun; own: { seed?: number; fold?: string } }[] {
  const { seed = 0 } = options;
  return Array.from({ length: count }, (_, i) => {
    const number = i + 1;
    return by === 'folds'
      ? { run: { name: `fold-${number}`, number, count, seed }, own: { fold: `${number}/${count}` } }
      : { run: { name: `seed-${seed + i}`, number, count, seed: seed + i }, own: { seed: seed + i } };
  });
}
