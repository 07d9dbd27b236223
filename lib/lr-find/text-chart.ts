import { lossTicks, frameOf, placeOfLoss, placeOfRate, rateTicks, thinned, type Frame, type Tick } from './axes';
import type { LrPoint, LrSuggestion } from './types';

/** Columns of the chart, and lines of the plot itself. */
const WIDEST = 100;
const NARROWEST = 30;
const ROWS = 12;

/** Braille patterns: two columns and four rows of dots in each character, and the bit of each dot (Unicode Standard, 21.1). */
const BLANK = 0x2800;
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** What stands on the axis where the two suggested rates are. */
export const STEEPEST = '▲';
export const TENTH = '△';

/**
 * The curve of a range test as lines of text: the smoothed loss over the rates, which have a logarithmic axis, with marks at the suggested
 * rates.
 *
 * @param points one or more
 * @param columns of the terminal
 */
export function drawText(points: readonly LrPoint[], suggestion: LrSuggestion | null, columns: number): string[] {
  const frame = frameOf(points);
  const marks = lossTicks(frame, 5);
  const gutter = Math.max(...marks.map(({ label }) => label.length));
  const width = Math.max(NARROWEST, Math.min(WIDEST, columns)) - gutter - 2;
  const plot = plotCurve(points, frame, width);
  const labels = new Map(
    marks.map(({ value, label }) => [Math.round((1 - placeOfLoss(frame, value)) * (ROWS - 1)), label]),
  );
  const lines = plot.map((cells, row) => {
    const label = labels.get(row);
    return `${(label ?? '').padStart(gutter)} ${label === undefined ? '│' : '┤'}${cells.join('')}`.trimEnd();
  });
  const column = (lr: number): number => Math.round(placeOfRate(frame, lr) * (width - 1));
  const ticks = thinned(rateTicks(frame), ({ value }) => column(value));
  const axis = Array<string>(width).fill('─');
  for (const { value } of ticks) axis[column(value)] = '┬';
  const indent = ' '.repeat(gutter + 1);
  return [
    'smoothed loss',
    ...lines,
    `${indent}└${axis.join('')}`,
    ...marksLine(frame, suggestion, column).map((line) => `${indent} ${line}`),
    `${indent} ${labelLine(ticks, column, width)}`,
    `${indent} learning rate (logarithmic)`,
  ];
}

/** Characters of the plot, row by row from the top. */
function plotCurve(points: readonly LrPoint[], frame: Frame, width: number): string[][] {
  const bits = Array.from({ length: ROWS }, () => new Uint8Array(width));
  const high = ROWS * 4;
  const dot = (x: number, y: number): void => {
    const row = bits[Math.floor(y / 4)];
    if (row !== undefined) row[Math.floor(x / 2)]! |= DOTS[y % 4]?.[x % 2] ?? 0;
  };
  const place = ({ lr, smoothed }: LrPoint): [number, number] => [
    placeOfRate(frame, lr) * (2 * width - 1),
    (1 - placeOfLoss(frame, smoothed)) * (high - 1),
  ];
  points.forEach((point, i) => {
    const [x1, y1] = place(point);
    const [x0, y0] = place(points[i - 1] ?? point);
    // As many dots as the longer side has, so that the line has no gaps.
    const count = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
    for (let n = 0; n <= count; n++) {
      const y = Math.round(y0 + ((y1 - y0) * n) / count);
      if (y >= 0 && y < high) dot(Math.round(x0 + ((x1 - x0) * n) / count), y);
    }
  });
  return bits.map((row) => Array.from(row, (value) => (value === 0 ? ' ' : String.fromCodePoint(BLANK + value))));
}

/** The line of marks under the axis, where there are any. */
function marksLine(frame: Frame, suggestion: LrSuggestion | null, column: (lr: number) => number): string[] {
  if (suggestion === null) return [];
  const line: string[] = [];
  const put = (lr: number, mark: string): void => {
    if (lr >= frame.from && lr <= frame.to) line[column(lr)] = mark;
  };
  put(suggestion.tenthOfLeast, TENTH);
  put(suggestion.lr, STEEPEST);
  return [Array.from(line, (mark) => mark ?? ' ').join('')];
}

/** The labels of the axis, each under its tick; at the ends no further out than the axis. */
function labelLine(ticks: readonly Tick[], column: (lr: number) => number, width: number): string {
  let line = '';
  for (const { value, label } of ticks) {
    const begin = Math.min(width - label.length, column(value) - Math.floor(label.length / 2));
    const room = line === '' ? 0 : line.length + 1;
    line = line.padEnd(Math.max(room, begin)) + label;
  }
  return line;
}
