import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_ARCHITECTURE, resolveTrainOptions, TRAIN_OPTIONS, type ResolvedTrainOptions } from '../options';
import { wordsOf } from '../options/command-line';
import { shellPath } from '../text/shell';
import type { RunConfig } from './records';

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

/** The commands that one may want after a run. */
export function commandsOf(folder: string, { options }: RunConfig, finished: boolean): Command[] {
  const run = shellPath(folder);
  const val = validationOf(options);
  return [
    // Without checkpoints there is nothing to go on from.
    ...(options.checkpointEvery === 'never' ? [] : [goOn(folder, options, finished)]),
    { what: 'Repeat', command: trainCommand(options) },
    ...(val === undefined ? [] : [{ what: 'Evaluate', command: `${PROGRAM} eval ${run} ${shellPath(val)}` }]),
    { what: 'Predict', command: `${PROGRAM} predict ${run} photo.jpg` },
    { what: 'Export', command: `${PROGRAM} export ${run} --format onnx` },
    { what: 'Make this page again', command: reportCommand(folder) },
  ];
}

/** The folder whose images `eval` takes as the run's validation did; undefined where these are only a part of the images of a folder. */
function validationOf({ data, val, valSplit, fold }: RunConfig['options']): string | undefined {
  return val ?? (valSplit === undefined && fold === undefined ? data : undefined);
}

/** More epochs alone change nothing where so many steps were asked for. */
function goOn(folder: string, { epochs, steps }: RunConfig['options'], finished: boolean): Command {
  const command = resumeCommand(folder);
  if (!finished) return { what: 'Go on', command };
  const longer = `${command} --epochs ${epochs * 2}`;
  return steps === undefined
    ? { what: 'Train on, for twice as many epochs', command: longer }
    : { what: 'Train on, for twice as many steps', command: `${longer} --steps ${steps * 2}` };
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

/** Of a run's options those that must be given for a run like it: the others are defaults, or follow from these. */
export function givenOptions({ data, ...options }: ResolvedTrainOptions): Record<string, unknown> {
  const given = Object.fromEntries(
    Object.entries(options).filter(([name, value]) => {
      const fallback = (TRAIN_OPTIONS as Record<string, { default?: unknown }>)[name]?.default;
      return value !== undefined && value !== fallback && !LEFT_OUT.has(name);
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
export function trainCommand(options: ResolvedTrainOptions): string {
  const words = Object.entries(givenOptions(options)).flatMap(([name, value]) =>
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
