import { CHECK_OPTIONS, rejectUse, type CheckOptions, type OptionTable } from '../options';
import { say, sayJson } from '../text/terminal';
import { defineCommand } from './command';

const CLI_OPTIONS = {
  ...CHECK_OPTIONS,
  commands: {
    type: 'boolean',
    default: false,
    group: 'Output',
    help: 'print the shell commands that would mend what was found, instead of the findings; nothing is run',
  },
  strict: {
    type: 'boolean',
    default: false,
    group: 'Output',
    help: 'exit with code 1 if there are errors or warnings; without it the code is 0 whatever was found',
  },
} as const satisfies OptionTable;

/** `resnet-ft check <data>` */
export const checkCommand = defineCommand({
  command: 'check <data>',
  describe: 'Look for damaged images, duplicates, leaks and wrong labels before training; changes nothing',
  positionals: { data: "folder of classes, or of train/ and val/, or hymenoptera (the tutorial's)" },
  options: CLI_OPTIONS,
  json: 'print the findings as one JSON object',
  quiet: 'print only how many findings of each kind there are',
  examples: [
    ['check photos', 'all that can be told without a model'],
    ['check photos --model imagenet-v1 --html check.html', 'wrong labels too, with the images on a page'],
    ['check photos --commands > mend.sh', 'commands that would mend it, to be read first'],
  ],
  async run({ commands, strict, ...options }, { positionals, json, quiet, signal }) {
    if (commands === true && json) rejectUse("--commands can't be used with --json, which has the lines too");
    if (commands === true && quiet)
      rejectUse("--commands can't be used with --quiet, which leaves out what they would mend");
    const { checkData } = await import('../check/check.js');
    const { CheckDisplay } = await import('./check-display.js');
    const display = new CheckDisplay();
    let report;
    try {
      const input = { data: positionals['data'], ...options } as CheckOptions;
      report = await checkData(input, { signal, onEvent: (event) => display.show(event) });
    } finally {
      display.close();
    }
    if (json) {
      sayJson(report);
    } else if (commands === true) {
      const { scriptLines } = await import('../check/script.js');
      scriptLines(report).forEach((line) => say(line));
    } else {
      const { reportLines } = await import('./check-report.js');
      const width = process.stdout.columns || Infinity;
      reportLines(report, { width, quiet }).forEach((line) => say(line));
    }
    if (strict === true && report.findings.some(({ severity }) => severity !== 'note')) process.exitCode = 1;
  },
});
