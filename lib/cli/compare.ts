import { COMPARE_OPTIONS, type CompareOptions } from '../options';
import type { CompareEvent } from '../compare/types';
import { requireAlone } from '../team/place';
import { defineCommand } from './command';

/** `resnet-ft compare <data>` */
export const compareCommand = defineCommand({
  command: 'compare <data>',
  describe: "The tutorial's table: pretrained as it is, fine-tuned, and from scratch",
  positionals: { data: 'folder with train/ and val/, each with one folder per class, or hymenoptera' },
  options: COMPARE_OPTIONS,
  json: 'print one JSON record per line',
  quiet: 'print only the table',
  examples: [
    ['compare hymenoptera', "the tutorial's three rows on its ants and bees"],
    ['compare photos --rows fine-tuned,scratch --epochs 10', 'two rows, shorter'],
  ],
  inFiles: () => true,
  async run(options, { positionals, json, quiet, signal, takeTime }) {
    requireAlone('compare');
    const { compare } = await import('../compare/compare.js');
    const { CompareDisplay } = await import('./compare-display.js');
    const display = new CompareDisplay({ json, quiet });
    try {
      const input = { data: positionals['data'], ...options } as CompareOptions;
      const onEvent = (event: CompareEvent): void => {
        if (event.kind === 'train' && event.event.kind === 'start') takeTime();
        display.show(event);
      };
      await compare(input, { signal, onEvent });
    } finally {
      display.close();
    }
  },
});
