import { styleText } from 'node:util';
import type { CheckStatus, DoctorCheck, DoctorReport } from '../doctor/report';
import { align } from '../text-table';

const COLOURS = { ok: 'green', warning: 'yellow', problem: 'red' } as const;

// Whether to colour is decided by the caller, who knows the stream.
const FORCED = { validateStream: false };

const STATUS = /^(?:ok|warning|problem)/;

/** A line for each check, the status in colour where asked for, and the sum. */
export function formatReport(report: DoctorReport, options: { quiet: boolean; colour: boolean }): string[] {
  const shown = report.checks.filter(({ status }) => !options.quiet || status !== 'ok');
  const lines = align(shown.map(cells), () => false).map((line) =>
    options.colour ? line.replace(STATUS, (status) => styleText(COLOURS[status as CheckStatus], status, FORCED)) : line,
  );
  if (!options.quiet || lines.length > 0)
    lines.push(`${count(report.problems, 'problem')}, ${count(report.warnings, 'warning')}`);
  return lines;
}

function cells({ status, name, found, fix }: DoctorCheck): string[] {
  return [status, name, fix === undefined ? found : `${found.replace(/\.$/, '')}. ${fix}`];
}

function count(number: number, noun: string): string {
  return `${number === 0 ? 'no' : number} ${noun}${number === 1 ? '' : 's'}`;
}
