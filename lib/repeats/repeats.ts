import fs from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { ResnetFtError, throwIfAborted, withHint } from '../errors';
import { notWritable, writeAtomically } from '../files/atomic-file';
import { ifThere } from '../files/output-file';
import type { OutputFolder } from '../files/output-folder';
import { reasonOf } from '../files/reason';
import { setAside } from '../files/set-aside';
import { PLAN } from '../model/several';
import { controlled } from '../options';
import { printable } from '../text/printable';
import { invalidCheckpoint } from '../train/checkpoint-file';
import { resumeCommand } from '../report/commands';
import { refuseOtherOutput } from '../train/resume';
import { runControl, type RunControl } from '../train/run';
import { readConfig } from '../train/run-config';
import { CONFIG, RESULT, takeFolderOfRuns } from '../train/run-folder';
import { runTraining } from '../train/train';
import { figuresOf, type Finished } from './figures';
import { checkInput, continued, newPlan, readPlan, runsOf, type Plan, type RepeatInput } from './plan';
import { predictionLines, PREDICTIONS } from './predictions';
import type { CrossValidateOptions, RepeatControl, RepeatKind, RepeatResult, TrainSeedsOptions } from './types';
import { jsonText } from '../text/json';

/**
 * Cross-validates: as many trainings as folds, each image validated by exactly one of them, and the figures of all together. Each training is an
 * ordinary run in a folder of its own, `fold-1` and so on; those that are finished there are taken as they are, and one that was stopped goes on.
 *
 *     const { pooled } = await crossValidate({ data: 'photos', folds: 5 });
 *     console.log(pooled.accuracy, pooled.interval);
 *
 * @throws ResnetFtError with a stable `code`, as `train`
 */
export function crossValidate(input: CrossValidateOptions, control: RepeatControl = {}): Promise<RepeatResult> {
  return runRepeats('folds', input, control);
}

/**
 * Trains with `seeds` seeds, from `seed` on, in the folders `seed-0` and so on, and gives the figures of all together; in all else as {@link crossValidate}.
 *
 * @throws ResnetFtError with a stable `code`, as `train`
 */
export function trainSeeds(input: TrainSeedsOptions, control: RepeatControl = {}): Promise<RepeatResult> {
  return runRepeats('seeds', input, control);
}

const figuresFile = (by: RepeatKind): string => `${by}.json`;

/** What the trainings in a folder differ in; undefined where there are not several. */
export async function repeatsIn(folder: string): Promise<RepeatKind | undefined> {
  return (await readPlan(folder))?.by;
}

async function runRepeats(by: RepeatKind, input: RepeatInput, control: RepeatControl): Promise<RepeatResult> {
  checkInput(by, input);
  // What is done to the options while the trainings run changes nothing of them.
  const own = { ...input };
  return controlled(control, (heard) => repeat(by, own, heard));
}

async function repeat(by: RepeatKind, input: RepeatInput, control: RepeatControl): Promise<RepeatResult> {
  const emit = control.onEvent ?? ((): void => {});
  const { signal } = runControl(control.signal === undefined ? {} : { signal: control.signal }, true);
  throwIfAborted(signal, 'The trainings were stopped');
  const onWait: RunControl['emit'] = (event) => (event.kind === 'note' ? emit(event) : undefined);
  const output = await outputOf(by, input);
  const folder = await takeFolderOfRuns(output, runControl({ signal, onEvent: onWait }, true));
  let begunHere = false;
  try {
    const before = await readPlan(folder.path);
    const plan = before === undefined ? newPlan(by, input) : continued(before, by, input);
    begunHere = before === undefined;
    // First: killed in between, what there was is made again of the plan before.
    if (before !== undefined && isOfOtherLength(plan, before)) await removeFigures(folder, plan);
    if (plan !== before) await write(folder, PLAN, jsonText(plan));
    const finished = await trainAll(folder.path, plan, { ...control, signal }, emit);
    return await conclude(folder, plan, finished, emit);
  } finally {
    // Another's file of that name, which could not be read, stays.
    if (begunHere && hasBegun(folder.path) === false)
      await rm(path.join(folder.path, PLAN), { force: true }).catch(() => {});
    await folder.release();
    folder.discard();
  }
}

/** Whether trainings that are finished by one plan are to go on by the other, or end elsewhere. */
const isOfOtherLength = ({ options: now }: Plan, { options: then }: Plan): boolean =>
  (['epochs', 'steps', 'patience', 'minDelta'] as const).some((name) => now[name] !== then[name]);

/** Takes away what trainings that get another length had come to, as each of them does with its result: it is theirs no more until all have ended. */
async function removeFigures(folder: OutputFolder, { by }: Plan): Promise<void> {
  for (const name of [figuresFile(by), PREDICTIONS]) {
    const file = path.join(folder.path, name);
    folder.check(file);
    await rm(file, { force: true }).catch((cause: unknown) => {
      throw notWritable(file, reasonOf(cause), { cause });
    });
  }
}

/** The folder that was named, which must hold the trainings where nothing says how to begin them. */
async function outputOf(by: RepeatKind, { resume, output, data, ...input }: RepeatInput): Promise<string | undefined> {
  if (resume === undefined) return output;
  refuseOtherOutput(output, path.resolve(resume));
  if ((data === undefined || input[by] === undefined) && (await readPlan(resume)) === undefined) {
    throw invalidCheckpoint(path.resolve(resume), `there are no trainings to go on with: the folder has no ${PLAN}`, {
      hint: 'Name the folder in which they were begun',
    });
  }
  return resume;
}

async function trainAll(
  output: string,
  plan: Plan,
  control: RepeatControl & { signal: AbortSignal },
  emit: NonNullable<RepeatControl['onEvent']>,
): Promise<Finished[]> {
  const { by } = plan;
  const { signal, withoutWeights } = control;
  const finished: Finished[] = [];
  for (const { run, own } of runsOf(plan)) {
    const folder = path.join(output, run.name);
    let told = false;
    let reused = false;
    try {
      await clear(folder, plan);
      const options = { ...plan.options, ...(await settledBefore(output, plan)), ...own, resume: folder };
      const result = await runTraining(options, {
        ...(withoutWeights === undefined ? {} : { withoutWeights }),
        signal,
        onEvent: (event) => {
          // Not before there is something to tell: a training that is refused never began.
          if (!told) emit({ kind: 'run', by, run, folder });
          told = true;
          reused ||= event.kind === 'finished';
          emit({ kind: 'train', by, run, event });
        },
      });
      finished.push({ run, reused, result });
    } catch (error) {
      throw withCommand(error, output, folder);
    }
  }
  return finished;
}

/** Takes out of the way what a training left that was stopped and can't be gone on with, having no checkpoints. */
async function clear(folder: string, { options }: Plan): Promise<void> {
  const there = async (name: string): Promise<boolean> => (await ifThere(path.join(folder, name))) !== undefined;
  if (options.checkpointEvery === 'never' && (await there(CONFIG)) && !(await there(RESULT))) await setAside(folder);
}

/** What the first training settled on, so that all compute alike, by the same recipe, also where they go on on another machine. */
async function settledBefore(
  output: string,
  plan: Plan,
): Promise<Pick<Plan['options'], 'backend' | 'precision' | 'recipe'>> {
  const [first] = runsOf(plan);
  const config = first === undefined ? undefined : await readConfig(path.join(output, first.run.name));
  if (config === undefined) return {};
  const { backend, precision, recipe } = config.options;
  return { backend, precision, recipe };
}

/** The error of one training, which says how all of them go on, not that one alone. */
function withCommand(error: unknown, output: string, folder: string): unknown {
  if (!(error instanceof ResnetFtError)) return error;
  const command = printable(resumeCommand(output));
  const own = printable(resumeCommand(folder));
  const { hint } = error;
  const told = hint?.includes(own) === true ? hint.replaceAll(own, command) : undefined;
  const goOn = told ?? (error.code === 'ABORTED' && hasBegun(output) === true ? `Go on with: ${command}` : hint);
  return goOn === undefined || goOn === hint ? error : withHint(error, goOn);
}

/** Whether any of the trainings has come as far as to leave something; undefined of a folder that is gone, or can't be looked at. */
function hasBegun(output: string): boolean | undefined {
  try {
    return fs.readdirSync(output).some((name) => fs.existsSync(path.join(output, name, CONFIG)));
  } catch {
    return undefined;
  }
}

async function conclude(
  folder: OutputFolder,
  plan: Plan,
  finished: readonly Finished[],
  emit: NonNullable<RepeatControl['onEvent']>,
): Promise<RepeatResult> {
  const output = folder.path;
  const predictions = path.join(output, PREDICTIONS);
  folder.check(predictions);
  await writeAtomically(predictions, predictionLines(plan.by, finished));
  const result: RepeatResult = { ...figuresOf(plan, finished), output, predictions };
  await write(folder, figuresFile(plan.by), jsonText(result));
  emit({ kind: 'done', ...result });
  return result;
}

async function write(folder: OutputFolder, name: string, text: string): Promise<void> {
  const file = path.join(folder.path, name);
  folder.check(file);
  await writeAtomically(file, [Buffer.from(text)]);
}
