import { TRAIN_OPTIONS, type TrainOptions } from '../options';
import type { TrainEvent } from '../train/events';
import { defineCommand } from './command';

/** `resnet-ft train <data>` */
export const trainCommand = defineCommand({
  command: 'train <data>',
  describe: 'Fine-tune a ResNet on a folder of images',
  positionals: { data: "folder with train/ and val/, each with one folder per class, or hymenoptera (the tutorial's)" },
  options: TRAIN_OPTIONS,
  json: 'print one JSON record per line',
  quiet: 'print only the last line',
  examples: [['train photos --val-split 0.2 --epochs 10', 'one folder of classes, a fifth kept for validation']],
  inFiles: () => true,
  async run(options, { positionals, json, quiet, signal, takeTime }) {
    const { train } = await import('../train/train.js');
    const { createDisplay } = await import('./progress.js');
    const display = createDisplay({ json, quiet });
    try {
      const input = { data: positionals['data'], ...options } as TrainOptions;
      const onEvent = (event: TrainEvent): void => {
        if (event.kind === 'start') takeTime();
        display.show(event);
      };
      await train(input, { signal, onEvent });
    } finally {
      display.close();
    }
  },
});
