import path from 'node:path';
import stringWidth from 'string-width';
import { titleOf, type FindingKind, type Severity } from '../check/kinds';
import { labelsJudgedBy, notDone } from '../check/not-judged';
import { mendable } from '../check/script';
import type { CheckReport, Finding } from '../check/types';
import { counted } from '../text/count';
import { leastOf, mostOf } from '../text/extremes';
import { percent } from '../text/percent';
import { printable } from '../text/printable';
import { align, fill } from '../text/text-table';
import { shownPath } from './shown-path';

/** Findings of a kind that are shown, and files of one of them. */
const SHOWN = 5;
const SHOWN_FILES = 4;

const HEADINGS: Readonly<Record<Severity, string>> = { error: 'errors', warning: 'warnings', note: 'notes' };

/** Kinds whose notes say all: their files are folders of classes. */
const BY_NAME: ReadonlySet<FindingKind> = new Set([
  'few-images',
  'imbalance',
  'missing-class',
  'alike-classes',
  'hidden-class',
  'one-class',
  'split-class',
  'nested-class',
]);

/** The whole report for a person, in lines of at most `width` columns. */
export function reportLines(report: CheckReport, { width, quiet }: { width: number; quiet: boolean }): string[] {
  const { findings } = report;
  const head = quiet ? [] : [...splitLines(report), ''];
  const severities = Object.keys(HEADINGS) as Severity[];
  const body = severities.flatMap((severity) => severityLines(report, severity, { width, quiet }));
  if (quiet) return [...head, ...body, totalLine(findings)].flatMap((line) => wrapped(line, width));
  return [
    ...head,
    ...body,
    ...judgedLines(report, width),
    ...skippedLines(report, width),
    ...wrapped(totalLine(findings), width),
    ...nextLines(report, width),
  ];
}

function splitLines({ splits }: CheckReport): string[] {
  const rows = splits.map(({ name, images, classes }) => {
    const counts = classes.map((one) => one.images);
    const [least, most] = counts.length === 0 ? ['-', '-'] : [leastOf(counts), mostOf(counts)].map(String);
    return [name, `${images}`, `${classes.length}`, least ?? '', most ?? ''];
  });
  return align([['split', 'images', 'classes', 'fewest', 'most'], ...rows], (column) => column > 0);
}

function severityLines(
  report: CheckReport,
  severity: Severity,
  { width, quiet }: { width: number; quiet: boolean },
): string[] {
  const own = report.findings.filter((one) => one.severity === severity);
  if (own.length === 0) return [];
  const kinds = [...new Set(own.map(({ kind }) => kind))];
  const digits = String(Math.max(...kinds.map((kind) => report.counts[kind] ?? 0))).length;
  const lines = kinds.flatMap((kind) => {
    const count = report.counts[kind] ?? 0;
    const line = `  ${String(count).padStart(digits)}  ${titleOf(kind, count)}`;
    if (quiet) return [line];
    const found = own.filter((one) => one.kind === kind);
    const rest = found.length - SHOWN;
    return [
      line,
      ...found.slice(0, SHOWN).flatMap((one) => findingLines(one, report.data, width)),
      ...(rest > 0 ? [`      and ${rest} more`] : []),
    ];
  });
  return [HEADINGS[severity], ...lines, ''];
}

function findingLines({ kind, files, note }: Finding, data: string, width: number): string[] {
  if (BY_NAME.has(kind)) return wrapped(note, width, 6);
  if (files.length === 1) {
    const name = within(data, files[0] ?? '');
    const whole = `      ${name}: ${note}`;
    if (widthOf(whole) <= width) return [whole];
    return [`      ${elided(name, width - 6)}`, ...wrapped(note, width, 8)];
  }
  const rest = files.length - SHOWN_FILES;
  return [
    ...wrapped(note, width, 6),
    ...files.slice(0, SHOWN_FILES).map((file) => `        ${elided(within(data, file), width - 8)}`),
    ...(rest > 0 ? [`        and ${rest} more`] : []),
  ];
}

function judgedLines(report: CheckReport, width: number): string[] {
  const judged = labelsJudgedBy(report);
  if (judged === undefined) return [];
  const { model, images, folds, accuracy, chance } = judged;
  const line = `labels were judged by the embeddings of ${shownPath(model)}: right for ${percent(accuracy)} of ${images} images in ${counted(folds, 'part')}, where guessing comes to ${percent(chance)}`;
  return [...wrapped(line, width), ''];
}

function skippedLines(report: CheckReport, width: number): string[] {
  const lines = notDone(report).flatMap(({ what, parts, reason }) => wrapped(`${what}: ${parts}; ${reason}`, width));
  return lines.length === 0 ? [] : [...lines, ''];
}

function totalLine(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'nothing was found';
  const count = (severity: Severity): number => findings.filter((one) => one.severity === severity).length;
  const parts = [
    counted(count('error'), 'error'),
    counted(count('warning'), 'warning'),
    counted(count('note'), 'note'),
  ];
  return `${parts.join(', ')}; nothing was changed`;
}

function nextLines({ findings, html }: CheckReport, width: number): string[] {
  const lines = [];
  const count = mendable(findings);
  if (count > 0) {
    lines.push(`--commands prints shell commands for ${counted(count, 'finding')}, to be read before they are run`);
  }
  if (html !== null) lines.push(`the images are shown in ${shownPath(html)}`);
  else if (findings.length > 0) lines.push('--json has all findings, --html FILE shows the images');
  return lines.flatMap((line) => wrapped(line, width));
}

/** A path from the folder that was checked. */
function within(data: string, file: string): string {
  const relative = path.relative(data, file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative) ? relative : shownPath(file);
}

const widthOf = (text: string): number => stringWidth(printable(text));

/** Words in lines of at most `width` columns, each after so many spaces. */
function wrapped(text: string, width: number, indent = 0): string[] {
  const words = text.split(' ');
  return fill(words, ' ', width - indent).map((line) => `${' '.repeat(indent)}${elided(line, width - indent)}`);
}

/** With its marks and joiners, of which half would be another letter, or be shown as the escape of what can't be seen. */
const LETTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A text without its middle where it is too wide: of a path its end tells most. */
function elided(text: string, width: number): string {
  const whole = printable(text);
  if (stringWidth(whole) <= width) return whole;
  const letters = Array.from(LETTERS.segment(whole), ({ segment }) => segment);
  const room = Math.max(2, width - 1);
  const take = (from: readonly string[], most: number): string[] => {
    let used = 0;
    const end = from.findIndex((letter) => (used += stringWidth(letter)) > most);
    return from.slice(0, end < 0 ? from.length : end);
  };
  const head = take(letters, Math.floor(room / 2));
  const tail = take(letters.toReversed(), room - Math.floor(room / 2)).reverse();
  return `${head.join('')}…${tail.join('')}`;
}
