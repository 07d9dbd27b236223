import type { Summary } from './summarize';

const HEADINGS = ['module', 'type', 'output shape', 'parameters', 'trained'] as const;
/** Columns of numbers, which end at the same place. */
const RIGHT = new Set([3]);

/** The rows and sums of a summary as text, with a newline at the end. */
export function formatTable({ arch, input, trainFrom, rows, totals }: Summary): string {
  const cells = rows.map((row) => [
    row.name,
    row.type,
    `[N, ${row.outputShape.join(', ')}]`,
    count(row.parameters),
    row.trained === null ? '-' : row.trained ? 'yes' : 'no',
  ]);
  const share = (100 * totals.trainedParameters) / totals.parameters;
  return [
    ...align([[...HEADINGS], ...cells]),
    '',
    ...align([
      ['architecture', arch],
      ['parameters', count(totals.parameters)],
      ['trained', `${count(totals.trainedParameters)} (${share.toFixed(1)} %) from ${trainFrom} on`],
      ['size', `${(totals.bytes / 1e6).toFixed(1)} MB in float32, with the statistics of the batch norms`],
      ['multiply-adds', `${(totals.macs / 1e9).toFixed(3)} G an image of ${input.join(' x ')}, in convolutions and fc`],
    ]),
    '',
  ].join('\n');
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function align(rows: string[][]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => {
    const padded = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return RIGHT.has(column) ? cell.padStart(width) : cell.padEnd(width);
    });
    return padded.join('  ').trimEnd();
  });
}
