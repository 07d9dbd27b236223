import type { Interval } from '../eval/wilson';
import { lossText } from '../text/loss';
import { align } from '../text/text-table';
import type { RepeatResult, RepeatRun } from './types';
import { percent } from '../text/percent';

const range = ({ low, high }: Interval): string => `${(low * 100).toFixed(1)} to ${percent(high)}`;

/** What a person reads of a training among the others: `fold 2/5`, `seed 7 (2/3)`. */
export function labelOf(by: RepeatResult['by'], { number, count, seed }: RepeatRun): string {
  return by === 'folds' ? `fold ${number}/${count}` : `seed ${seed} (${number}/${count})`;
}

/** The trainings, and what they come to, a line each. */
export function tableLines({ by, runs, accuracy, loss, pooled, cautions }: RepeatResult): string[] {
  const rows = runs.map((run) => [
    by === 'folds' ? `fold ${run.number}` : `seed ${run.seed}`,
    `${run.correct}/${run.images}`,
    percent(run.accuracy),
    lossText(run.loss),
  ]);
  const of = by === 'folds' ? 'folds' : 'seeds';
  const pooledImages = Number(pooled.images.toFixed(1));
  const pooledCorrect = Number(pooled.correct.toFixed(1));
  return [
    ...align(
      [
        ['', 'right', 'accuracy', 'loss'],
        ...rows,
        ['mean', '', percent(accuracy.mean), lossText(loss.mean)],
        ['standard deviation', '', percent(accuracy.deviation), lossText(loss.deviation)],
      ],
      (column) => column > 0,
    ),
    '',
    `95 % interval over the ${runs.length} ${of} (Student's t): ${range(accuracy.interval)}`,
    `95 % interval over the ${pooledImages} images (Wilson), ${pooledCorrect} right: ${range(pooled.interval)}`,
    ...cautions.map((caution) => `note: ${caution}`),
  ];
}
