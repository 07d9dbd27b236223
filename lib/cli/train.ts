import {
  kebab,
  rejectUse,
  REPEAT_OPTIONS,
  resolveOptions,
  resolveWatch,
  TEAM_OPTIONS,
  TRAIN_OPTIONS,
  WATCH_OPTIONS,
  type TrainOptions,
} from '../options';
import type { TrainEvent } from '../train/events';
import { resumeCommand } from '../report/commands';
import { labelOf } from '../repeats/table';
import type { RepeatEvent, RepeatKind } from '../repeats/types';
import { placeFrom } from '../team/place';
import { tellLauncherRun } from '../team/report';
import { refuseWithoutTeam, startTeam } from '../team/start';
import { say, sayJson } from '../text/terminal';
import type { Watch } from '../watch/watch';
import { defineCommand, usageError, type CommandContext } from './command';

const NEEDS = 'a folder of images, or with --resume a run to go on with';

/** `resnet-ft train [data]` */
export const trainCommand = defineCommand({
  command: 'train [data]',
  describe: 'Fine-tune a ResNet on a folder of images',
  positionals: { data: "folder with train/ and val/, each with one folder per class, or hymenoptera (the tutorial's)" },
  needs: NEEDS,
  options: { ...TRAIN_OPTIONS, ...REPEAT_OPTIONS, ...TEAM_OPTIONS, ...WATCH_OPTIONS },
  json: 'print one JSON record per line',
  quiet: 'print only the last line, or the table of several trainings',
  examples: [
    ['train photos --val-split 0.2 --epochs 10', 'one folder of classes, a fifth kept for validation'],
    ['train photos --folds 5', 'an honest figure from few images: each is validated by one of five trainings'],
    ['train --resume runs/2026-01-31T12-30-05', 'a run that was stopped goes on'],
  ],
  inFiles: () => true,
  async run({ nproc, processTimeout, watch, watchPort, ...options }, context) {
    const watched = resolveWatch({ watch, watchPort });
    const data = context.positionals['data'];
    const resume = options['resume'];
    if (data === undefined && resume === undefined) throw usageError({ usage: 'train <data>', needs: NEEDS });
    const input = { ...(data === undefined ? {} : { data }), ...options };
    const by = await severalBy(options);
    refuseBesideTeam(options, by, nproc);
    refuseWithoutTeam({ nproc, processTimeout, syncBatchNorm: options['syncBatchNorm'] }, process.env);
    if (await startTeam(nproc, process.env, () => context.takeTime(), goOnCommand(nproc))) return;
    // Of processes that train together one speaks for all.
    const speaks = (placeFrom(process.env)?.rank ?? 0) === 0;
    const page = speaks && watched.watch ? await openPage(watched.watchPort, context) : undefined;
    try {
      await (by === undefined
        ? trainOne(input as TrainOptions, { processTimeout, speaks, page }, context)
        : trainSeveral(by, input, page, context));
      await page?.end();
    } catch (error) {
      await page?.end(error);
      throw error;
    }
  },
});

/** What goes on with a run by as many processes as began it. */
const goOnCommand =
  (nproc: unknown) =>
  (folder: string): string =>
    `${resumeCommand(folder)}${typeof nproc === 'string' ? ` --nproc ${nproc}` : ''}`;

/** What several trainings differ in; undefined where there is to be one. */
async function severalBy({ folds, seeds, resume }: Record<string, unknown>): Promise<RepeatKind | undefined> {
  if (folds !== undefined) return 'folds';
  if (seeds !== undefined) return 'seeds';
  if (typeof resume !== 'string') return undefined;
  const { repeatsIn } = await import('../repeats/repeats.js');
  return repeatsIn(resume);
}

/** Refuses what several processes can't do together. */
function refuseBesideTeam(options: Record<string, unknown>, by: RepeatKind | undefined, nproc: unknown): void {
  const js = options['backend'] === 'js';
  if (by === undefined && !js) return;
  const option =
    by === undefined ? '--backend js' : options[by] === undefined ? '--resume of several trainings' : `--${kebab(by)}`;
  if (nproc !== undefined) rejectUse(`--nproc can't be used with ${option}`);
  if (placeFrom(process.env) === undefined) return;
  rejectUse(`${option} can't be used where several processes train together`);
}

/** The page that follows the training, and the line that says where it is. */
async function openPage(port: number, { json }: CommandContext): Promise<Watch> {
  const { watchTraining } = await import('../watch/watch.js');
  const page = await watchTraining({ port }, '--watch-port');
  if (json) sayJson({ kind: 'watch', url: page.url });
  else say(`watch it on this computer: ${page.url}`);
  return page;
}

async function trainOne(
  input: TrainOptions,
  { processTimeout, speaks, page }: { processTimeout: unknown; speaks: boolean; page: Watch | undefined },
  { json, quiet, signal, takeTime }: CommandContext,
): Promise<void> {
  const { runTraining } = await import('../train/train.js');
  const { createDisplay } = await import('./progress.js');
  const display = createDisplay({ json, quiet });
  const place = placeFrom(process.env);
  try {
    const onEvent = (event: TrainEvent): void => {
      if (event.kind === 'start') {
        takeTime();
        tellLauncherRun(event.output);
      }
      page?.see(event);
      if (speaks) display.show(event);
    };
    if (place === undefined) {
      await runTraining(input, { signal, onEvent });
      return;
    }
    const { trainTogether } = await import('../train/team.js');
    const { processTimeout: timeout } = resolveOptions(TEAM_OPTIONS, { processTimeout }, 'train');
    await trainTogether(input, place, timeout, { signal, onEvent }).catch(leaveWithoutOthers);
  } finally {
    display.close();
  }
}

/** Milliseconds in which the process of a training that has lost another ends by itself. */
const LEAVING = 2000;

/** What waits for a process that was stopped may wait for ever: this one ends all the same. */
function leaveWithoutOthers(error: Error & { code?: string }): never {
  if (error.code === 'TEAM_LOST') setTimeout(() => process.exit(), LEAVING).unref();
  throw error;
}

async function trainSeveral(
  by: RepeatKind,
  input: Record<string, unknown>,
  page: Watch | undefined,
  { json, quiet, signal, takeTime }: CommandContext,
): Promise<void> {
  const { crossValidate, trainSeeds } = await import('../repeats/repeats.js');
  const { RepeatDisplay } = await import('./repeat-display.js');
  const display = new RepeatDisplay({ json, quiet });
  try {
    const onEvent = (event: RepeatEvent): void => {
      if (event.kind === 'train' && event.event.kind === 'start') takeTime();
      if (event.kind === 'train') page?.see(event.event, labelOf(event.by, event.run));
      display.show(event);
    };
    // What was typed is checked there.
    await (by === 'folds'
      ? crossValidate(input as never, { signal, onEvent })
      : trainSeeds(input as never, { signal, onEvent }));
  } finally {
    display.close();
  }
}
