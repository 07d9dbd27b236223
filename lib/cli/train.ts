import { REPEAT_OPTIONS, TRAIN_OPTIONS, type TrainOptions } from '../options';
import type { TrainEvent } from '../train/events';
import type { RepeatEvent, RepeatKind } from '../repeats/types';
import { defineCommand, usageError, type CommandContext } from './command';

/** `resnet-ft train <data>` */
export const trainCommand = defineCommand({
  command: 'train [data]',
  describe: 'Fine-tune a ResNet on a folder of images',
  positionals: { data: "folder with train/ and val/, each with one folder per class, or hymenoptera (the tutorial's)" },
  options: { ...TRAIN_OPTIONS, ...REPEAT_OPTIONS },
  json: 'print one JSON record per line',
  quiet: 'print only the last line, or the table of several trainings',
  examples: [
    ['train photos --val-split 0.2 --epochs 10', 'one folder of classes, a fifth kept for validation'],
    ['train photos --folds 5', 'an honest figure from few images: each is validated by one of five trainings'],
    ['train --resume runs/2026-01-31T12-30-05', 'a run that was stopped goes on'],
  ],
  inFiles: () => true,
  async run(options, context) {
    const data = context.positionals['data'];
    const resume = options['resume'];
    if (data === undefined && resume === undefined) throw usageError('train <data>');
    const input = { ...(data === undefined ? {} : { data }), ...options };
    const by = await severalBy(options);
    return by === undefined ? trainOne(input as TrainOptions, context) : trainSeveral(by, input, context);
  },
});

/** What several trainings differ in; undefined where there is to be one. */
async function severalBy({ folds, seeds, resume }: Record<string, unknown>): Promise<RepeatKind | undefined> {
  if (folds !== undefined) return 'folds';
  if (seeds !== undefined) return 'seeds';
  if (typeof resume !== 'string') return undefined;
  const { repeatsIn } = await import('../repeats/repeats.js');
  return repeatsIn(resume);
}

async function trainOne(input: TrainOptions, { json, quiet, signal, takeTime }: CommandContext): Promise<void> {
  const { runTraining } = await import('../train/train.js');
  const { createDisplay } = await import('./progress.js');
  const display = createDisplay({ json, quiet });
  try {
    const onEvent = (event: TrainEvent): void => {
      if (event.kind === 'start') takeTime();
      display.show(event);
    };
    await runTraining(input, { signal, onEvent });
  } finally {
    display.close();
  }
}

async function trainSeveral(
  by: RepeatKind,
  input: Record<string, unknown>,
  { json, quiet, signal, takeTime }: CommandContext,
): Promise<void> {
  const { crossValidate, trainSeeds } = await import('../repeats/repeats.js');
  const { RepeatDisplay } = await import('./repeat-display.js');
  const display = new RepeatDisplay({ json, quiet });
  try {
    const onEvent = (event: RepeatEvent): void => {
      if (event.kind === 'train' && event.event.kind === 'start') takeTime();
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
