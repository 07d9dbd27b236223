import { shownBytes } from '../files/disk';
import { align } from '../text/text-table';
import type { Summary } from './summarize';

const HEADINGS = ['module', 'type', 'output shape', 'parameters', 'trained'] as const;
/** Columns of numbers, which end at the same place. */
const NUMBERS = (column: number): boolean => column === 3;

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
    ...align([[...HEADINGS], ...cells], NUMBERS),
    '',
    ...align(
      [
        ['architecture', arch],
        ['parameters', count(totals.parameters)],
        ['trained', `${count(totals.trainedParameters)} (${share.toFixed(1)} %) from ${trainFrom} on`],
        ['size', `${shownBytes(totals.bytes)} in float32, with the statistics of the batch norms`],
        [
          'multiply-adds',
          `${(totals.macs / 1e9).toFixed(3)} G an image of ${input.join(' x ')}, in convolutions and fc`,
        ],
      ],
      NUMBERS,
    ),
    '',
  ].join('\n');
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
