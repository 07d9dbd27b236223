import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_ARCHITECTURE, resolveTrainOptions, TRAIN_OPTIONS, type ResolvedTrainOptions } from '../options';
import { wordsOf } from '../options/command-line';
import { shellPath } from '../text/shell';
import type { RunConfig, TrainResult } from './records';

const PROGRAM = 'npx resnet-ft';

/** The command line that goes on with the run in a folder; `data` is where its data set is now, if that has moved. */
export function resumeCommand(folder: string, data?: string): string {
  return `${PROGRAM} train ${data === undefined ? '' : `${data} `}--resume ${shellPath(folder)}`;
}

/** The command line that makes the page of a run again. */
export function reportCommand(folder: string): string {
  return `${PROGRAM} report ${shellPath(folder)}`;
}

/** The command line that calibrates the model of a run. */
export function calibrateCommand(folder: string): string {
  return `${PROGRAM} calibrate ${shellPath(folder)}`;
}

/** What is to be done with a run, and the command that does it. */
export interface Command {
  what: string;
  command: string;
}

/** How far a run came. */
type Ended = Pick<TrainResult, 'epochs' | 'steps' | 'waited'>;

/** How long a run was to be. */
type Length = Pick<RunConfig['options'], 'epochs' | 'steps' | 'patience'>;

/** What a run left. */
interface Left {
  hasModel: boolean;
  /** Whether its loss was no number any more. */
  diverged: boolean;
}

/** The commands that one may want after a run, `result` undefined where it has not come to its end. */
export function commandsOf(
  folder: string,
  { options }: RunConfig,
  result: Ended | undefined,
  { hasModel, diverged }: Left,
): Command[] {
  // Without checkpoints there is nothing to go on from, and a loss that was no number is one again.
  const goesOn = options.checkpointEvery !== 'never' && !diverged;
  return [
    ...(goesOn ? [goOn(folder, options, result)] : []),
    { what: 'Repeat', command: trainCommand(options) },
    ...(hasModel ? commandsOfModel(folder, options) : []),
    { what: 'Make this page again', command: reportCommand(folder) },
  ];
}

function commandsOfModel(folder: string, options: RunConfig['options']): Command[] {
  const run = shellPath(folder);
  const val = validationOf(options);
  return [
    ...(val === undefined ? [] : [{ what: 'Evaluate', command: `${PROGRAM} eval ${run} ${shellPath(val)}` }]),
    { what: 'Predict', command: `${PROGRAM} predict ${run} photo.jpg` },
    { what: 'Export', command: `${PROGRAM} export ${run} --format onnx` },
  ];
}

/** The folder whose images `eval` takes as the run's validation did; undefined where these are only a part of the images of a folder. */
function validationOf({ data, val, valSplit, fold }: RunConfig['options']): string | undefined {
  return val ?? (valSplit === undefined && fold === undefined ? data : undefined);
}

function goOn(folder: string, options: RunConfig['options'], result: Ended | undefined): Command {
  const command = resumeCommand(folder);
  if (result === undefined) return { what: 'Go on', command };
  return {
    what: `Train on, ${furtherWords(options, result)}`,
    command: `${command} ${furtherOptions(options, result)}`,
  };
}

function furtherWords(options: Length, result: Ended): string {
  if (endedByPatience(options, result)) return 'with more patience';
  return `for twice as many ${endedBySteps(options, result) ? 'steps' : 'epochs'}`;
}

/** Whether a finished run would be no longer by more epochs alone. */
export function endedBySteps({ steps }: Pick<Length, 'steps'>, result: Ended): boolean {
  return steps !== undefined && result.steps >= steps;
}

/** Epochs for which a finished run had waited for validation to get better, as `--patience` counts them. */
export function waitedEpochs(options: Length, result: Ended): number {
  const { patience = 0, epochs } = options;
  // An older run does not say. Where neither epochs nor steps ended it, patience did.
  return result.waited ?? (result.epochs < epochs && !endedBySteps(options, result) ? patience : 0);
}

/** Whether a finished run would be no longer by more epochs or steps alone, whatever else ended it too. */
function endedByPatience(options: Length, result: Ended): boolean {
  return options.patience !== undefined && waitedEpochs(options, result) >= options.patience;
}

/** The options that train a finished run further, in words: twice as many of what ended it. */
export function furtherOptions(options: Length, result: Ended): string {
  if (!endedByPatience(options, result)) return moreSteps(options, result);
  // It may have waited for longer than it was to, having been given less patience meanwhile.
  const patience = Math.max(2 * (options.patience ?? 0), waitedEpochs(options, result) + 1);
  const isEnough = result.epochs < options.epochs && !endedBySteps(options, result);
  return `--patience ${patience}${isEnough ? '' : ` ${moreSteps(options, result)}`}`;
}

/** Twice as many epochs, or steps where these ended the run, and epochs where these would have no room for the steps. */
function moreSteps(options: Length, result: Ended): string {
  if (!endedBySteps(options, result)) return `--epochs ${options.epochs * 2}`;
  const steps = result.steps * 2;
  // No epoch has fewer, but the last, in which the run may have ended.
  const stepsPerEpoch = Math.max(1, Math.ceil(result.steps / Math.max(1, result.epochs)));
  const epochs = Math.ceil(steps / stepsPerEpoch);
  return `--steps ${steps}${epochs > options.epochs ? ` --epochs ${epochs}` : ''}`;
}

/** Where and how a run is written, which says nothing of what it is. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'output',
  'resume',
  'report',
  'card',
  'tensorboard',
  'recipe',
  'backend',
  'cacheDir',
  'cropCache',
  // Of several processes, whose number a run does not know: one comes to the same.
  'syncBatchNorm',
]);

/**
 * Of a run's options those that must be given for a run like it: the others are defaults, or follow from these.
 *
 * @param leftOut those that may be otherwise; its recipe's name should be among them, for its values are given
 */
export function givenOptions(
  { data, ...options }: ResolvedTrainOptions,
  leftOut: ReadonlySet<string> = LEFT_OUT,
): Record<string, unknown> {
  const given = Object.fromEntries(
    Object.entries(options).filter(([name, value]) => {
      const fallback = (TRAIN_OPTIONS as Record<string, { default?: unknown }>)[name]?.default;
      return value !== undefined && value !== fallback && !leftOut.has(name);
    }),
  );
  if (given['arch'] === DEFAULT_ARCHITECTURE && !String(options.weights).includes('.')) delete given['arch'];
  // It is chosen again.
  if (options.chooseLr) delete given['lr'];
  const whole = settled(data, given);
  for (const name of Object.keys(given)) {
    const { [name]: _, ...fewer } = given;
    if (whole !== undefined && isDeepStrictEqual(settled(data, fewer), whole)) delete given[name];
  }
  return given;
}

/** The command that trains by these options, without those that go without saying. */
export function trainCommand(options: ResolvedTrainOptions, leftOut?: ReadonlySet<string>): string {
  const words = Object.entries(givenOptions(options, leftOut)).flatMap(([name, value]) =>
    wordsOf(name, value as string | number | boolean),
  );
  return [`${PROGRAM} train`, shellPath(options.data), ...words].join(' ');
}

/** What these options come to; undefined where they are none. */
function settled(data: string, given: Record<string, unknown>): unknown {
  try {
    return resolveTrainOptions({ data, ...given });
  } catch {
    return undefined;
  }
}
