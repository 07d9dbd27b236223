import { TRAIN_OPTIONS, type TrainOptions } from '../options';
import { defineCommand } from './command';

/** `resnet-ft train <data>` */
export const trainCommand = defineCommand({
  command: 'train <data>',
  describe: 'Fine-tune a ResNet on a folder of images',
  positionals: { data: "folder with train/ and val/, each with one folder per class, or hymenoptera (the tutorial's)" },
  options: TRAIN_OPTIONS,
  json: 'print one JSON record a line',
  quiet: 'print only the last line',
  examples: [['train photos --val-split 0.2 --epochs 10', 'one folder of classes, a fifth kept for validation']],
  async run(options, { positionals, json, quiet, signal }) {
    const { train } = await import('../train/train.js');
    const { createDisplay } = await import('./progress.js');
    const display = createDisplay({ json, quiet });
    try {
      const input = { data: positionals['data'], ...options } as TrainOptions;
      await train(input, { signal, onEvent: (event) => display.show(event) });
    } finally {
      display.close();
    }
  },
});
