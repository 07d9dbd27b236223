import type { EvaluateOptions } from '../eval/types';
import { EVAL_OPTIONS } from '../options';
import { defineCommand } from './command';

/** `resnet-ft eval <model> <folder>` */
export const evalCommand = defineCommand({
  command: 'eval <model> <folder>',
  describe: 'Measure how well a model does on a folder of images',
  positionals: {
    model: 'folder of a run, file of weights, or named weights such as imagenet-v1',
    folder: 'folder with one folder per class, or with val/ that holds them, or hymenoptera',
  },
  options: EVAL_OPTIONS,
  json: 'print the result as one JSON object',
  quiet: 'print only the accuracy',
  examples: [
    ['eval runs/ants photos', 'a trained model on the validation images'],
    ['eval imagenet-v1 hymenoptera --class-map ants=ant,bees=bee', "an ImageNet model on the tutorial's images"],
  ],
  inFiles: ({ predictions }) => predictions !== undefined,
  async run(options, { positionals, json, quiet, signal }) {
    const { evaluate } = await import('../eval/evaluate.js');
    const { EvalDisplay } = await import('./eval-display.js');
    const display = new EvalDisplay({ json, quiet });
    try {
      const input = { model: positionals['model'], data: positionals['folder'], ...options } as EvaluateOptions;
      await evaluate(input, { signal, onEvent: (event) => display.show(event) });
    } finally {
      display.close();
    }
  },
});
