import { rejectUse, SUMMARY_OPTIONS, type OptionTable, type SummaryOptions } from '../options';
import { sayJson, sayLines } from '../text/terminal';
import { defineCommand } from './command';

const CLI_OPTIONS = {
  ...SUMMARY_OPTIONS,
  table: {
    type: 'boolean',
    default: false,
    group: 'Output',
    help: 'print output shapes, parameters, what is trained and totals instead of the module tree',
  },
} as const satisfies OptionTable;

/** `resnet-ft summary [model]` */
export const summaryCommand = defineCommand({
  command: 'summary [model]',
  describe: "Print a model's modules, output shapes and parameters",
  positionals: {
    model: 'model file, folder of a run of train, or named weights; an architecture alone if left out',
  },
  options: CLI_OPTIONS,
  json: 'print rows, totals and the tree as one JSON object',
  examples: [
    ['summary', "the module tree of torchvision's resnet50"],
    ['summary runs/ants --table --train-from layer4', 'what would be trained from layer4 on'],
  ],
  async run({ table, ...options }, { positionals, json }) {
    if (options['trainFrom'] !== undefined && table !== true && !json) {
      rejectUse('--train-from needs --table or --json');
    }
    const { summarize } = await import('../summary/summarize.js');
    const summary = await summarize({ model: positionals['model'], ...options } as SummaryOptions);
    if (json) {
      sayJson(summary);
    } else if (table === true) {
      const { formatTable } = await import('../summary/table.js');
      sayLines(formatTable(summary));
    } else {
      sayLines(summary.tree);
    }
  },
});
