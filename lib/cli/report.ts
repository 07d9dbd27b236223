import { REPORT_OPTIONS, type ReportOptions } from '../options';
import { say, sayJson, tell } from '../text/terminal';
import { defineCommand } from './command';
import { shownPath } from './shown-path';

/** `resnet-ft report <run…>` */
export const reportCommand = defineCommand({
  command: 'report <runs..>',
  describe: 'Make the page about a run again, or one that compares several runs',
  positionals: { runs: 'output folders of train' },
  needs: 'the folder of a run, or those of several',
  options: REPORT_OPTIONS,
  json: 'print what was written as one JSON object',
  examples: [
    ['report runs/ants', 'runs/ants/report.html: curves, figures and images of the run'],
    ['report runs/ants runs/bees --output both.html', 'curves over one another, and whether the models differ'],
  ],
  inFiles: () => true,
  async run(options, { positionals, json }) {
    const { makeReport } = await import('../report/report.js');
    const result = await makeReport({ runs: positionals['runs'], ...options } as ReportOptions);
    if (json) {
      sayJson(result);
      return;
    }
    say(`wrote ${shownPath(result.file)}`);
    result.notes.forEach(tell);
  },
});
