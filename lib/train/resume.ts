import fs from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ResnetFtError } from '../errors';
import {
  DEFAULT_ARCHITECTURE,
  kebab,
  NO_CROPS,
  resolveAgain,
  rejectOption,
  rejectUse,
  requireText,
  resolveOptions,
  resolveTrainOptions,
  TRAIN_OPTIONS,
  type ResolvedTrainOptions,
  type TrainOptions,
} from '../options';
import { PLAN } from '../model/several';
import { endedBySteps, furtherOptions, waitedEpochs } from '../report/commands';
import { trainResultFrom } from '../report/shapes';
import { lastCheckpoint, readCheckpoint, runOfCheckpoint, type OpenedCheckpoint } from './checkpoints';
import type { TrainEvent, TrainResult } from './events';
import { readOfRun } from './read-of-run';
import { readConfig, wholePaths, type RunConfig } from './run-config';
import { CHECKPOINTS, CONFIG, RESULT } from './run-folder';
import type { Start } from './start';

/** A run that is to be gone on with. */
export interface ResumedRun {
  folder: string;
  config: RunConfig;
  /** Those of the run, with what was given anew of them. */
  options: ResolvedTrainOptions;
  /** The checkpoint that was named; undefined where the last one is meant. */
  named: string | undefined;
}

/** Options that may change although they change the result: the run becomes longer or shorter by them, or moves to another machine. */
const MAY_CHANGE: ReadonlySet<string> = new Set(['epochs', 'steps', 'patience', 'minDelta', 'device', 'val']);

/** What --max-time plans. */
const LENGTH: ReadonlySet<string> = new Set(['epochs', 'steps']);

/** Where these are left to the program, the run goes on with what it settled on. */
const SETTLED: ReadonlySet<string> = new Set(['backend', 'device', 'precision', 'recipe']);

/**
 * Finds the run that `resume` names, and settles its options.
 *
 * @returns undefined where there is no run yet, and `data` says how to begin one: so that a job can be started by the same command again
 * @throws ResnetFtError INVALID_OPTION, also for an option that the run has otherwise; CHECKPOINT_INVALID
 */
export async function openRun(input: TrainOptions): Promise<ResumedRun | undefined> {
  const { data, ...given } = input;
  if (data !== undefined) requireText('a folder', 'data', data);
  // Only to check what was given.
  resolveOptions(TRAIN_OPTIONS, given, 'train');
  const resume = given.resume as string;
  const named = runOfCheckpoint(resume);
  const folder = named ?? path.resolve(resume);
  refuseOtherOutput(given.output, folder);
  const config = await readConfig(folder);
  if (config === undefined) {
    if (data !== undefined && named === undefined) return undefined;
    const why = fs.existsSync(folder) ? `the folder has no ${CONFIG}` : 'there is no such folder';
    throw new ResnetFtError('CHECKPOINT_INVALID', `${folder}: there is no run to go on with: ${why}`, {
      hint: fs.existsSync(path.join(folder, PLAN))
        ? 'It holds several trainings, which crossValidate and trainSeeds go on with'
        : 'Name the folder of a run that was begun',
    });
  }
  return {
    folder,
    config,
    options: mergeOptions(config.options, input),
    named: named === undefined ? undefined : path.resolve(resume),
  };
}

/**
 * Refuses an output folder beside `resume` that is not the one to go on in.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function refuseOtherOutput(output: string | undefined, folder: string): void {
  if (output !== undefined && path.resolve(output) !== folder) {
    rejectUse("--output can't be used with --resume, which names the folder");
  }
}

/**
 * The options of a run that is to begin, in the folder that `resume` names where it is given.
 *
 * @param images of training, where they are known
 */
export function beginningOptions(input: TrainOptions, images?: number): ResolvedTrainOptions {
  if (input?.resume === undefined) return resolveTrainOptions(input, images);
  return { ...resolveTrainOptions({ ...input, output: input.resume }, images), resume: undefined };
}

/**
 * The options of a run, with those that were given anew.
 *
 * @throws ResnetFtError INVALID_OPTION for one that the run has otherwise and that may not change
 */
export function mergeOptions(options: ResolvedTrainOptions, { data, ...given }: TrainOptions): ResolvedTrainOptions {
  const merged: Record<string, unknown> = { ...options };
  // What config.json has by its whole path may be given as before, also where it is gone.
  const whole: Record<string, unknown> = wholePaths(given, options);
  for (const [name, value] of Object.entries(given)) {
    const spec = TRAIN_OPTIONS[name as keyof typeof TRAIN_OPTIONS];
    if (value === undefined || name === 'output' || (SETTLED.has(name) && value === 'auto')) continue;
    // The same command again, of a run whose length was planned: the plan stands.
    if (LENGTH.has(name) && options.maxTime !== undefined && given.maxTime === options.maxTime) continue;
    const was = options[name as keyof typeof options];
    const now = name === 'cropScale' && value === NO_CROPS ? undefined : whole[name];
    if (spec.affects !== 'place' && !MAY_CHANGE.has(name) && !isDeepStrictEqual(now, was)) {
      const hint = 'Leave the option out, or begin a new run in another folder';
      const flag = `--${kebab(name)}`;
      if (was === undefined) rejectUse(`${flag} can't be used now: the run began without it`, hint);
      rejectOption(`${String(was)}, as when the run began,`, flag, value, hint);
    }
    merged[name] = now;
  }
  merged['resume'] = undefined;
  const { data: _, ...checked } = merged as ResolvedTrainOptions;
  return resolveAgain({ ...checked, data: data ?? options.data });
}

/**
 * The checkpoint to go on from; undefined where the run was stopped before its first. Nobody else may write to the folder meanwhile.
 *
 * @throws ResnetFtError CHECKPOINT_INVALID
 */
export async function openCheckpoint({ folder, config, named }: ResumedRun): Promise<OpenedCheckpoint | undefined> {
  const file = named ?? (await lastCheckpoint(folder));
  const without = config.options.checkpointEvery === 'never';
  if (file === undefined && (without || fs.existsSync(path.join(folder, RESULT)))) {
    const why = without ? 'the run was made without checkpoints' : `there is no checkpoint in ${CHECKPOINTS}/ any more`;
    throw new ResnetFtError('CHECKPOINT_INVALID', `${folder}: ${why}, and there is nothing to go on from`, {
      hint: 'Begin a new run in another folder; it may start from the weights of this one, with --weights',
    });
  }
  return file === undefined ? undefined : readCheckpoint(file);
}

/**
 * The result of a run that has come to its end, and is not to be made longer; else undefined.
 *
 * @throws ResnetFtError CHECKPOINT_INVALID where that can't be told
 */
export async function finishedResult({ folder, config, options, named }: ResumedRun): Promise<TrainResult | undefined> {
  if (named !== undefined) return undefined;
  // The last of all files: without it, or where it is damaged, it is made again.
  const bytes = await readOfRun(path.join(folder, RESULT));
  if (bytes === undefined) return undefined;
  let result;
  try {
    result = trainResultFrom(JSON.parse(bytes.toString()));
  } catch {
    return undefined;
  }
  if (result === undefined || isLonger(config.options, options, result)) return undefined;
  // The folder may have been moved, or copied.
  return { ...result, output: folder };
}

/** Whether options let a finished run do more than it did: more of what ended it, where nothing else ends it as soon. */
function isLonger(was: ResolvedTrainOptions, now: ResolvedTrainOptions, result: TrainResult): boolean {
  const more =
    now.epochs > was.epochs ||
    (now.steps ?? Infinity) > (was.steps ?? Infinity) ||
    (now.patience ?? Infinity) > (was.patience ?? Infinity);
  // What counted as no improvement has been waited for, whatever counts as one from now on.
  const isPatient = waitedEpochs(was, result) < (now.patience ?? Infinity);
  // Steps may have ended it within its last epoch, of which some are left then.
  const within = endedBySteps(was, result) && now.epochs === result.epochs;
  return more && isPatient && (now.steps ?? Infinity) > result.steps && (now.epochs > result.epochs || within);
}

/** What to tell of a run that has come to its end, with what would train it further where it left something to go on from. */
export function finishedEvent(
  { folder, config: { options } }: Pick<ResumedRun, 'folder' | 'config'>,
  result: TrainResult,
): Extract<TrainEvent, { kind: 'finished' }> {
  const { epochs, steps } = result;
  const further = options.checkpointEvery === 'never' ? {} : { further: furtherOptions(options, result) };
  return { kind: 'finished', output: folder, epochs, steps, ...further };
}

/** What the run settled on when it began, in place of weights to start from. */
export function settledStart({ config }: ResumedRun): Start {
  const { arch = DEFAULT_ARCHITECTURE } = config.options;
  return { arch, preprocessing: config.preprocessing, weights: undefined };
}
