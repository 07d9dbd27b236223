import { DOCTOR_OPTIONS } from '../options';
import { sayJson, sayStyled } from '../text/terminal';
import { defineCommand } from './command';
import { hasColour } from './terminal-kind';

/** `resnet-ft doctor` */
export const doctorCommand = defineCommand({
  command: 'doctor',
  describe: 'Check what works on this machine and what does not, and say how to fix it',
  positionals: {},
  options: DOCTOR_OPTIONS,
  json: 'print the report as one JSON object',
  quiet: 'print only warnings and problems',
  examples: [
    ['doctor', 'a line for each check; exit code 1 where there is a problem'],
    ['doctor --verify --json', 'also the hashes of the weights, as JSON'],
  ],
  async run(options, { json, quiet, signal }) {
    const { doctor } = await import('../doctor/doctor.js');
    const report = await doctor(options, { signal });
    if (json) {
      sayJson(report);
    } else {
      const { formatReport } = await import('./doctor-display.js');
      const colour = hasColour(process.stdout);
      const width = process.stdout.columns || Infinity;
      formatReport(report, { quiet, colour, width }).forEach((line) => sayStyled(line));
    }
    if (!report.ok) process.exitCode = 1;
  },
});
