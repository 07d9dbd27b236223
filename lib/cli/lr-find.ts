import { LR_FIND_OPTIONS, type LrFindOptions } from '../options';
import { requireAlone } from '../team/place';
import { defineCommand } from './command';

/** `resnet-ft lr-find <data>` */
export const lrFindCommand = defineCommand({
  command: 'lr-find <data>',
  describe: 'Find a learning rate: train for some steps at rising rates, and look where the loss falls',
  positionals: { data: "folder with train/ and val/, each with one folder per class, or hymenoptera (the tutorial's)" },
  options: LR_FIND_OPTIONS,
  json: 'print one JSON record per line',
  quiet: 'print only the suggested rate',
  examples: [
    [
      'lr-find photos --val-split 0.2',
      'the curve and the rate that it suggests; give the options of train that say what is trained, how and on which images',
    ],
    ['lr-find photos --val-split 0.2 --output lr-find.svg', 'the curve also as a drawing'],
  ],
  inFiles: ({ output }) => output !== undefined,
  async run(options, { positionals, json, quiet, signal }) {
    requireAlone('lr-find');
    const { findLearningRate } = await import('../lr-find/find.js');
    const { LrFindDisplay } = await import('./lr-find-display.js');
    const given = { data: positionals['data'], ...options } as LrFindOptions;
    const display = new LrFindDisplay(given, { json, quiet });
    try {
      await findLearningRate(given, { signal, onEvent: (event) => display.show(event) });
    } finally {
      display.close();
    }
  },
});
