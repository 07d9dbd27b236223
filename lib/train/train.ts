import path from 'node:path';
import { isOutOfMemory } from '../backend/out-of-memory';
import type { TrainingSession } from '../backend/types';
import type { Dataset } from '../data/dataset';
import { fingerprint, requireSameData, type DataPrint, type LookedAt } from '../data/fingerprint';
import type { Sample } from '../data/image-folder';
import { ResnetFtError, withHint } from '../errors';
import { closing } from '../files/closing';
import type { ResolvedTrainOptions, TrainOptions } from '../options';
import { resumeCommand } from '../report/commands';
import type { Team } from '../team/team';
import { Account, type Spent } from './account';
import { withChosenRate } from './choose-rate';
import { settleRecipe } from './choose-recipe';
import type { Cropped } from './crop-data';
import { runEpochs } from './epochs';
import { estimateRun } from './estimate';
import type { TrainEvent, TrainResult } from './events';
import { computedEachTime } from './feature-room';
import { trainingStopped } from './fit';
import { goOn, resumedEvent } from './go-on';
import { trainHead } from './head';
import { openData, whereMoved } from './open-data';
import { refuseAmongImages } from './output-place';
import type { SessionParts } from './open-session';
import { openTraining, type OpenTraining } from './open-training';
import { outOfMemory } from './out-of-memory';
import { parameterGroups } from './parameter-groups';
import type { Progress } from './progress';
import { resultOf } from './result';
import { beginningOptions, finishedEvent, finishedResult, openCheckpoint, openRun, settledStart } from './resume';
import { runControl, type RunControl, type TrainControl } from './run';
import { resolvedOptions, writeConfig } from './run-config';
import { RESULT, RunFolder } from './run-folder';
import { notesOfReport, RunReport } from './run-report';
import { checkWarmup } from './schedule';
import { runSteps } from './steps';
import { withinTime } from './time-plan';
import { askedTooLate } from './too-late';
import type { TrialRun } from './trial';
import { jsonText } from '../text/json';

/** Comes to the processes that train with this one, once it is known what this one trains on. */
export type Join = (data: DataPrint, dataset: Dataset) => Promise<Team>;

/**
 * One training from its options to its result; `training.ts` gives it the form that programs call.
 *
 * @param join where other processes train with this one, which conducts them
 * @throws ResnetFtError with a stable `code`
 */
export async function runTraining(input: TrainOptions, control: TrainControl = {}, join?: Join): Promise<TrainResult> {
  const account = new Account();
  const resumed = input?.resume === undefined ? undefined : await openRun(input);
  const asked = resumed?.options ?? beginningOptions(input);
  const seen = (event: TrainEvent): void => {
    account.see(event);
    // What a listener does to an event changes nothing of the run. Others may hold errors, and are of nobody else.
    const shared = event.kind !== 'fallback' && event.kind !== 'download';
    control.onEvent?.(shared ? structuredClone(event) : event);
  };
  const run = runControl({ ...control, onEvent: seen }, asked.offline);
  if (run.signal.aborted) throw trainingStopped(run.signal);

  const dataset = await openData(asked, run).catch((error: unknown) => {
    throw resumed === undefined ? error : whereMoved(error, resumeCommand(resumed.folder, 'FOLDER'));
  });
  if (resumed === undefined) refuseAmongImages(asked.output, dataset.roots);
  const { print, unseen } = resumed === undefined ? await lookedAt(asked, dataset, run) : await fingerprint(dataset);
  run.team = await join?.(print, dataset);
  const options = resumed === undefined ? await settleRecipe(input, asked, dataset, run) : asked;
  checkWarmup(options, runSteps(dataset.train.length, options));
  if (resumed !== undefined) requireSameData(resumed.config.data, print, unseen);
  const folder =
    resumed === undefined
      ? await RunFolder.prepareFor(options.output, run)
      : await RunFolder.reopenFor(resumed.folder, run);
  let open: OpenTraining | undefined;
  let begun = resumed !== undefined;
  let report: RunReport | undefined;
  let failed = false;
  try {
    await run.team?.keepRun(path.resolve(folder.path));
    const finished = resumed === undefined ? undefined : await finishedResult(resumed);
    if (resumed !== undefined && finished !== undefined) {
      for (const note of askedTooLate(input, resumed)) run.emit({ kind: 'note', note });
      run.emit(finishedEvent(resumed, finished));
      return finished;
    }
    const opened = resumed === undefined ? undefined : await openCheckpoint(resumed);
    if (resumed !== undefined) account.goOn(opened?.checkpoint.spent, await notesOfReport(folder));
    const { withoutWeights } = control;
    open = await openTraining(
      {
        ...{ options, dataset, folder, withoutWeights, classWeights: resumed?.config.classWeights },
        resumed:
          resumed === undefined || opened === undefined
            ? undefined
            : { start: settledStart(resumed), checkpoint: opened },
      },
      run,
    );
    const { parts, session, cropped } = open;
    const { trainer, start } = parts;

    const settled = resolvedOptions(parts);
    const from =
      resumed === undefined
        ? undefined
        : await goOn(session, { resumed, opened, parts, cropped, options: settled }, run);
    // A run that is resumed has been planned already.
    const resolved = resumed === undefined ? await planned(open, settled, () => account.spent.seconds, run) : settled;
    // Which a plan has made shorter: going on with it would be refused.
    checkWarmup(resolved, runSteps(cropped.train.targets.length, resolved));
    await writeConfig(parts, resolved, cropped, print);
    begun = true;
    if (resumed !== undefined) run.emit(resumedEvent(opened));
    if (opened === undefined) await trainHead(open, resolved, run);
    report = new RunReport(folder, account, run.emit, resolved);
    await report.begin(open, resolved, from?.progress.epoch ?? 1);
    await tellStart(session, { ...parts, options: resolved }, cropped, from?.progress.steps ?? 0, run);
    const { arch, preprocessing } = start;
    const card = { arch, classes: dataset.classes, preprocessing };
    const spent = (): Spent => account.spent;
    const context = { session, cropped, folder, signal: run.signal, emit: run.emit, spent };
    const onStopped = (progress: Progress): void => void (account.stopped = progress);
    const trained = await runEpochs({ ...context, onStopped }, resolved, card, from);
    const result = resultOf(trained, {
      output: folder.path,
      classes: dataset.classes,
      device: trainer.device,
      precision: trainer.precision,
      valImages: cropped.val.kept.length,
      seconds: account.spent.seconds,
    });
    await folder.write(RESULT, jsonText(result));
    await report?.write();
    run.emit({ kind: 'done', ...result });
    return result;
  } catch (error) {
    failed = true;
    // Of what there is; the error that ended the run is what its caller hears of.
    if (account.stopped !== undefined) await report?.write(open).catch(() => {});
    if (run.signal.aborted && !(error instanceof ResnetFtError)) {
      throw withNextStep(trainingStopped(run.signal), begun, folder.path, options);
    }
    if (error instanceof ResnetFtError && error.code === 'ABORTED') {
      throw withNextStep(error, begun, folder.path, options);
    }
    // Before the epochs: the head, rates and times that are tried.
    if (open !== undefined && isOutOfMemory(error)) {
      const { session, cropped } = open;
      throw await outOfMemory(error, { session, cropped, groups: parameterGroups(options).length }, options);
    }
    throw error;
  } finally {
    await closeRun(folder, open).catch((error: unknown) => {
      // That of the run says what was saved, and how to go on.
      if (!failed) throw error;
    });
    if (!begun) folder.discard();
  }
}

/**
 * Closes what a run had open, and lets others have its folder, whatever fails.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE
 */
const closeRun = (folder: RunFolder, open: OpenTraining | undefined): Promise<void> =>
  closing(
    () => folder.close(),
    async () => open?.close(),
  );

/** The error of a run that was stopped, with what to do next; where there are epochs, it has been said already. */
function withNextStep(
  error: ResnetFtError,
  begun: boolean,
  folder: string,
  { checkpointEvery }: Pick<ResolvedTrainOptions, 'checkpointEvery'>,
): ResnetFtError {
  if (error.hint !== undefined) return error;
  if (!begun) return withHint(error, 'Nothing was trained yet: the same command begins anew');
  if (checkpointEvery === 'never') return withHint(error, 'Without checkpoints there is nothing to go on from');
  return withHint(error, `Go on with: ${resumeCommand(folder)}`);
}

/** The fingerprint of a data set, of which is told what `check` finds at next to no cost: that never fails a run. */
async function lookedAt(
  named: { data: string; val?: string | undefined },
  dataset: Dataset,
  { signal, emit }: RunControl,
): Promise<LookedAt> {
  const sizes = new Map<Sample, number>();
  const looked = await fingerprint(dataset, (sample, size) => sizes.set(sample, size));
  const { quickNotes } = await import('../check/quick.js');
  for (const note of await quickNotes(named, dataset, sizes, signal)) emit({ kind: 'note', note });
  return looked;
}

/** The options with what is measured before a run begins: its learning rate, and how many epochs fit into its time. */
async function planned(
  open: OpenTraining,
  options: ResolvedTrainOptions,
  elapsed: () => number,
  run: RunControl,
): Promise<ResolvedTrainOptions> {
  const rated = await withChosenRate(open, options, run);
  return withinTime(
    rated,
    { ...trialOf(open.session, open.parts, open.cropped), signal: run.signal },
    elapsed,
    run.emit,
  );
}

/** What is measured of a run before it begins. */
function trialOf(
  session: TrainingSession,
  { options, trainer }: SessionParts,
  { train: split, val }: Cropped,
): TrialRun {
  return {
    session,
    train: split,
    val,
    batchSize: options.batchSize,
    accumulate: options.accumulate,
    groups: trainer.recipe.parameterGroups.length,
  };
}

/** Tells how much there is to do, and how long what is left of it after the steps that are `done` takes, where that is much. */
async function tellStart(
  session: TrainingSession,
  { options, trainer, start, folder }: SessionParts,
  { train: { kept }, val }: Cropped,
  done: number,
  { emit }: RunControl,
): Promise<void> {
  const images = kept.length;
  const valImages = val.kept.length;
  const estimate = await estimateRun(session, options, { images, valImages, size: start.preprocessing.crop, done });
  if (estimate !== undefined) emit(estimate);
  const note = computedEachTime(trainer);
  if (note !== undefined) emit({ kind: 'note', note });
  const { stepsPerEpoch, total } = runSteps(images, options);
  emit({
    kind: 'start',
    output: folder.path,
    // A limit of steps may end it sooner.
    epochs: Math.ceil(total / stepsPerEpoch),
    steps: total,
    stepsPerEpoch,
    images,
    valImages,
  });
}
