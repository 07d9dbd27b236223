import { smoothedVariance } from './curve';
import type { LrEnd, LrPoint } from './types';

/** Of all planned steps, the share at the beginning that is not looked at, where the average is of few losses; and steps at the end. */
const SKIP_SHARE = 0.1;
const SKIP_END = 5;

/** With fewer points than this there is no curve to speak of. */
const FEWEST = 5;

/**
 * A fall of the smoothed loss counts where it is over so many of its standard deviations: of curves that are nothing but normally distributed
 * noise, one in a hundred falls by 3.7 of them in 100 steps, and by 5.3 in 300.
 */
const DEVIATIONS = 5;

/** Median of the absolute difference of two normally distributed numbers, in their standard deviation. */
const MEDIAN_DIFFERENCE = 0.6745 * Math.SQRT2;

/** What a curve suggests; without rates where it suggests nothing. */
export interface Suggested {
  steepest?: number;
  tenthOfLeast?: number;
  /** Why there is no suggestion, or what would make it better. */
  note?: string;
}

/**
 * The learning rate at which the smoothed loss falls most steeply over the logarithm of the rate, and a tenth of the rate at which it is
 * least. Both are fastai's (`SuggestionMethod.Steep` and `.Minimum` of its `lr_find`, after the range test of Leslie N. Smith, "Cyclical
 * Learning Rates for Training Neural Networks", 2017), the first tenth of the steps and the last five left out as there, with two
 * differences: the steepest fall is looked for before the least loss only, since what falls after an explosion is no progress; and
 * where the loss falls by no more than chance does, there is no suggestion. Chance is measured by the median difference of successive losses, which
 * neither a trend nor an explosion disturbs.
 *
 * @param points of finite losses, from the first step on
 * @param steps that were planned
 */
export function suggestRate(points: readonly LrPoint[], steps: number, ended: LrEnd): Suggested {
  const considered = points.slice(Math.floor(SKIP_SHARE * steps), -SKIP_END);
  if (considered.length < FEWEST) {
    return {
      note: `the curve gives no suggestion: the loss exploded after ${points.length} of ${steps} steps, too few to see anything; a lower --lr-min leaves more of them`,
    };
  }
  const losses = considered.map(({ smoothed }) => smoothed);
  const least = losses.indexOf(Math.min(...losses));
  if (!falls(considered, least)) {
    return {
      note: 'the curve gives no suggestion: the loss never falls by more than chance; more --lr-steps or a larger --batch-size make it smoother',
    };
  }
  const slopes = considered.slice(1, least + 1).map(({ lr, smoothed }, i) => {
    const before = considered[i] as LrPoint;
    return (smoothed - before.smoothed) / (Math.log(lr) - Math.log(before.lr));
  });
  const steepest = considered[slopes.indexOf(Math.min(...slopes))] as LrPoint;
  const stillFalls = ended === 'steps' && least === losses.length - 1;
  return {
    steepest: steepest.lr,
    tenthOfLeast: (considered[least] as LrPoint).lr / 10,
    ...(stillFalls ? { note: 'the loss still falls at the end of the range: a greater --lr-max shows more' } : {}),
  };
}

/** Whether the smoothed loss comes down to its least by more than chance. */
function falls(points: readonly LrPoint[], least: number): boolean {
  const before = points.slice(0, least);
  const highest = before.reduce<LrPoint | undefined>(
    (high, point) => (high === undefined || point.smoothed > high.smoothed ? point : high),
    undefined,
  );
  if (highest === undefined) return false;
  const differences = points.slice(1).map(({ loss }, i) => Math.abs(loss - (points[i] as LrPoint).loss));
  const median = differences.sort((a, b) => a - b)[Math.floor(differences.length / 2)] ?? 0;
  const chance = (median / MEDIAN_DIFFERENCE) * Math.sqrt(smoothedVariance(highest.step));
  return highest.smoothed - (points[least] as LrPoint).smoothed > DEVIATIONS * chance;
}
