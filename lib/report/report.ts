import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { notWritable, writeAtomically } from '../files/atomic-file';
import { checkOutputFile, readOld } from '../files/output-file';
import { rejectOption, resolveReportOptions, type ReportOptions } from '../options';
import { comparePage, isComparePage } from './compare-page';
import { readRun } from './read-run';
import { REPORT } from './records';
import { writeReport } from './write';

/** What {@link makeReport} wrote. */
export interface ReportResult {
  /** Absolute path of the page. */
  file: string;
  /** Absolute paths of the runs' folders. */
  runs: string[];
  /** What the page of a run lacks that was to be on it, such as pictures of images that can't be read, each in a sentence: none as a rule. */
  notes: string[];
}

/**
 * Makes the report of a run again from what its folder holds, or one page that compares several runs.
 *
 * @throws ResnetFtError INVALID_OPTION; DATA_NOT_FOUND where a folder holds no run, DATA_INVALID where a file of one is damaged
 *   or can't be read, WEIGHTS_INVALID where a model can't be read at the moment; OUTPUT_NOT_WRITABLE
 */
export async function makeReport(input: ReportOptions): Promise<ReportResult> {
  const { runs, output } = resolveReportOptions(input);
  const [only = '', ...others] = runs;
  const folder = path.resolve(only);
  const several = others.length > 0;
  const file = path.resolve(output ?? path.join(several ? '.' : folder, REPORT));
  if (several || output !== undefined) await checkOutputFile(file, '--output');
  if (!several) {
    const { run, lacking } = await writeReport(folder, { file });
    return { file, runs: [run.folder], notes: lacking };
  }
  await refuseTwice(runs);
  if (output === undefined) await refuseOther(file);
  const read = [];
  for (const run of runs) read.push(await readRun(run));
  await writeAtomically(file, [Buffer.from(comparePage(read))]);
  return { file, runs: read.map((run) => run.folder), notes: [] };
}

/** Where no file was named, only a comparison of before is replaced: the working directory may be that of a run, with a page of its own. */
async function refuseOther(file: string): Promise<void> {
  const old = await readOld(file);
  if (old === undefined || isComparePage(old.toString())) return;
  throw notWritable(file, 'it exists, and is not a comparison of runs that resnet-ft made', {
    hint: 'Name another file with --output',
  });
}

/** A run beside itself is a mistake, by whatever path. */
async function refuseTwice(runs: readonly string[]): Promise<void> {
  const named = new Map<string, string>();
  for (const run of runs) {
    const folder = await realpath(run).catch(() => path.resolve(run));
    const before = named.get(folder);
    if (before !== undefined) rejectOption('each run once', 'runs', run, `It is the same folder as ${before}`);
    named.set(folder, run);
  }
}
