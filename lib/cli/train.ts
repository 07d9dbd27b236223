import { TRAIN_OPTIONS, type TrainOptions } from '../options';
import type { TrainEvent } from '../train/events';
import { defineCommand, usageError } from './command';

/** `resnet-ft train <data>` */
export const trainCommand = defineCommand({
  command: 'train [data]',
  describe: 'Fine-tune a ResNet on a folder of images',
  positionals: { data: "folder with train/ and val/, each with one folder per class, or hymenoptera (the tutorial's)" },
  options: TRAIN_OPTIONS,
  json: 'print one JSON record per line',
  quiet: 'print only the last line',
  examples: [
    ['train photos --val-split 0.2 --epochs 10', 'one folder of classes, a fifth kept for validation'],
    ['train --resume runs/2026-01-31T12-30-05', 'a run that was stopped goes on'],
  ],
  inFiles: () => true,
  async run(options, { positionals, json, quiet, signal, takeTime }) {
    const { data } = positionals;
    if (data === undefined && options['resume'] === undefined) throw usageError('train <data>');
    const { runTraining } = await import('../train/train.js');
    const { createDisplay } = await import('./progress.js');
    const display = createDisplay({ json, quiet });
    try {
      const input = { ...(data === undefined ? {} : { data }), ...options } as TrainOptions;
      const onEvent = (event: TrainEvent): void => {
        if (event.kind === 'start') takeTime();
        display.show(event);
      };
      await runTraining(input, { signal, onEvent });
    } finally {
      display.close();
    }
  },
});
