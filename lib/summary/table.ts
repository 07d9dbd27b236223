import { shownBytes } from '../files/disk';
import { percent } from '../text/percent';
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
  return [
    ...align([[...HEADINGS], ...cells], NUMBERS),
    '',
    ...align(
      [
        ['architecture', arch],
        ['parameters', count(totals.parameters)],
        [
          'trained',
          `${count(totals.trainedParameters)} (${shareText(totals.trainedParameters, totals.parameters)}) from ${trainFrom} on`,
        ],
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

/** A share in percent, which is not said to be all or nothing where it isn't. */
function shareText(part: number, whole: number): string {
  const share = part / whole;
  if (share < 1 && share > 0.9995) return '> 99.9 %';
  return share > 0 && share < 0.0005 ? '< 0.1 %' : percent(share);
}
