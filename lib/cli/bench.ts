import { BENCH_OPTIONS, resolveBenchOptions } from '../options';
import { say, sayJson, sayLines, tell } from '../text/terminal';
import { defineCommand } from './command';

/** `resnet-ft bench` */
export const benchCommand = defineCommand({
  command: 'bench',
  describe: 'Measure the backends that this machine has, after a check that they give the same logits',
  positionals: {},
  options: BENCH_OPTIONS,
  json: 'print the report as one JSON object',
  quiet: 'print only the report, without progress',
  examples: [
    ['bench', 'random weights of resnet50, made-up images, every backend'],
    ['bench --model runs/ants --images photos --output report.html', 'your model and images, and a page with bars'],
    ['bench --backends native,onnxruntime --batch-sizes 1 --duration 10 --json', 'two of them, as JSON'],
  ],
  inFiles: ({ output }) => output !== undefined,
  async run(given, { json, quiet, signal }) {
    const { output } = resolveBenchOptions(given);
    const { bench, succeeded } = await import('../bench/bench.js');
    const { writeReport } = await import('../bench/report-file.js');
    const { checkOutputFile } = await import('../files/output-file.js');
    const { createDownloadDisplay } = await import('./download-progress.js');
    if (output !== undefined) await checkOutputFile(output, '--output');
    const display = createDownloadDisplay({ quiet });
    const report = await bench(given, {
      signal,
      onProgress: (event) => display.show(event),
      onLine: (line) => void (quiet || tell(line)),
    }).finally(() => display.close());
    if (json) {
      sayJson(report);
    } else {
      const { formatTable } = await import('../bench/table.js');
      if (!quiet) say('');
      sayLines(formatTable(report));
    }
    if (output !== undefined) await writeReport(output, report);
    if (report.interrupted) {
      const { ResnetFtError } = await import('../errors.js');
      throw new ResnetFtError('ABORTED', 'the benchmark was stopped; the report has what was measured so far');
    }
    if (!succeeded(report)) process.exitCode = 1;
  },
});
