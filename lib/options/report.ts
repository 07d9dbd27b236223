import { OUTPUT } from './common';
import {
  rejectOption,
  requireOptions,
  resolveOptions,
  type GivenOptions,
  type OptionTable,
  type ResolvedOptions,
} from './spec';

/** Every option of `report`. */
export const REPORT_OPTIONS = {
  output: {
    type: 'string',
    pattern: /\.html?$/i,
    expected: 'a file name ending in .html',
    group: OUTPUT,
    help: "file to write [default: report.html in the run's folder, of several runs in the working directory, where it replaces only such a page]",
  },
} as const satisfies OptionTable;

/**
 * What `report` takes: folders of runs, and any of the options of the command line in camel case.
 *
 * @interface
 */
export type ReportOptions = { runs: readonly string[] } & GivenOptions<typeof REPORT_OPTIONS>;

/** The options after defaults. */
export type ResolvedReportOptions = { runs: readonly string[] } & ResolvedOptions<typeof REPORT_OPTIONS>;

/**
 * Checks every option of `report`.
 *
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolveReportOptions(input: ReportOptions): ResolvedReportOptions {
  requireOptions(input, 'the options of report');
  const { runs, ...given } = input;
  if (!Array.isArray(runs) || runs.length === 0 || !runs.every((run) => typeof run === 'string' && run !== '')) {
    rejectOption('folders of runs', 'runs', runs);
  }
  return { runs, ...resolveOptions(REPORT_OPTIONS, given, 'report') };
}
