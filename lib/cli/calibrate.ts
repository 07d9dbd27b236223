import fs from 'node:fs';
import path from 'node:path';
import type { CalibrateEvent, CalibrateResult } from '../explain/calibrate';
import { CALIBRATE_OPTIONS, type CalibrateOptions } from '../options';
import { calibrationLines } from '../eval/calibration-lines';
import { reportCommand } from '../report/commands';
import { REPORT } from '../report/records';
import { say, sayJson } from '../text/terminal';
import { ProgressBar } from './bar';
import { defineCommand } from './command';
import { createDownloadDisplay } from './download-progress';
import { tellFallback } from './fallback';
import { shownPath } from './shown-path';

/** `resnet-ft calibrate <run>` */
export const calibrateCommand = defineCommand({
  command: 'calibrate <run>',
  describe: 'Make the probabilities of a model tell how often it is right',
  positionals: { run: 'folder of a run of train, whose validation images set the temperature' },
  options: CALIBRATE_OPTIONS,
  json: 'print the result as one JSON object',
  examples: [
    ['calibrate runs/first', 'then predict, eval and explain give calibrated probabilities'],
    ['calibrate runs/first --forget', 'as they were'],
  ],
  inFiles: () => true,
  async run(given, { positionals, json, signal }) {
    const { calibrateModel } = await import('../explain/calibrate.js');
    const download = createDownloadDisplay({ quiet: json });
    const bar = new ProgressBar(process.stderr, { label: 'images', time: true });
    let unchanged = false;
    const show = (event: CalibrateEvent): void => {
      if (event.kind === 'download') download.show(event.event);
      else if (event.kind === 'fallback') tellFallback(event);
      else if (event.kind === 'unchanged') unchanged = true;
      else if (!json) bar.show(event.done, event.total);
    };
    let result;
    try {
      const input = { model: positionals['run'], ...given } as CalibrateOptions;
      result = await calibrateModel(input, { signal, onEvent: show });
    } finally {
      download.close();
      bar.stop();
    }
    if (json) {
      sayJson(result);
      return;
    }
    if (unchanged) {
      say('the model has no temperature');
      return;
    }
    if (result.temperature === null) say('the model has no temperature any more');
    else linesOf(result).forEach((line) => say(line));
    if (result.note !== null) say(result.note);
    const folder = path.dirname(result.file);
    if (fs.existsSync(path.join(folder, REPORT)))
      say(`${REPORT} is out of date; to update it: ${reportCommand(folder)}`);
  },
});

const linesOf = (result: CalibrateResult): string[] => [
  ...calibrationLines(result),
  `written to ${shownPath(result.file)}`,
];
