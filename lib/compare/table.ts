import type { CompareRow } from '../options';
import { lossText } from '../text/loss';
import { align } from '../text/text-table';
import type { RowResult } from './types';

const TITLES: Readonly<Record<CompareRow, string>> = {
  pretrained: 'pretrained, not fine-tuned (1000 classes)',
  'fine-tuned': 'pretrained, fine-tuned',
  scratch: 'from scratch',
};

const HEADINGS = ['', 'right', 'accuracy', '95 % interval', 'loss'];

const percent = (share: number, digits: number): string => (share * 100).toFixed(digits);

function cells({ row, correct, images, accuracy, interval, loss }: RowResult): string[] {
  const range = `${percent(interval.low, 1)} to ${percent(interval.high, 1)} %`;
  // Three digits, as the tutorial gives them.
  return [TITLES[row], `${correct}/${images}`, `${percent(accuracy, 3)} %`, range, lossText(loss)];
}

/** The table for a terminal, a line each. */
export function textTable(rows: readonly RowResult[]): string[] {
  return align([HEADINGS, ...rows.map(cells)], (column) => column > 0);
}

/** The table for a document. */
export function markdownTable(rows: readonly RowResult[]): string {
  const lines = [HEADINGS, HEADINGS.map(() => '---'), ...rows.map(cells)];
  return lines.map((line) => `| ${line.join(' | ')} |\n`).join('');
}
