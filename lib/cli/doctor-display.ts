import { styleText } from 'node:util';
import type { CheckStatus, DoctorCheck, DoctorReport } from '../doctor/report';
import { align, fill } from '../text/text-table';
import { counted } from '../text/count';

const COLOURS = { ok: 'green', warning: 'yellow', problem: 'red' } as const;

// Whether to colour is decided by the caller, who knows the stream.
const FORCED = { validateStream: false };

/** Columns below which what was found is not wrapped at words: it would be a column of words. */
const NARROWEST = 40;

const STATUS = /^(?:ok|warning|problem)/;

/**
 * A line for each check, the status in colour where asked for, and the sum.
 *
 * @param options.width columns at which the findings are wrapped; default no wrapping
 */
export function formatReport(
  report: DoctorReport,
  options: { quiet: boolean; colour: boolean; width?: number },
): string[] {
  const shown = report.checks.filter(({ status }) => !options.quiet || status !== 'ok');
  const lines = align(wrapped(shown.map(cells), options.width), () => false).map((line) =>
    options.colour ? line.replace(STATUS, (status) => styleText(COLOURS[status as CheckStatus], status, FORCED)) : line,
  );
  if (!options.quiet || lines.length > 0)
    lines.push(`${count(report.problems, 'problem')}, ${count(report.warnings, 'warning')}`);
  return lines;
}

function cells({ status, name, found, fix }: DoctorCheck): [string, string, string] {
  return [status, name, fix === undefined ? found : `${found.replace(/\.$/, '')}. ${fix}`];
}

/** Rows whose last cell is wrapped into further rows, if the screen is wide enough for most paths. */
function wrapped(rows: [status: string, name: string, text: string][], width = Infinity): string[][] {
  const taken =
    Math.max(...rows.map(([status]) => status.length)) + Math.max(...rows.map(([, name]) => name.length)) + 4;
  const room = width - taken;
  if (room < NARROWEST) return rows;
  return rows.flatMap(([status, name, text]) =>
    fill(text.split(' '), ' ', room).map((line, i) => (i === 0 ? [status, name, line] : ['', '', line])),
  );
}

function count(number: number, noun: string): string {
  return number === 0 ? `no ${noun}s` : counted(number, noun);
}
