import type { LrEnd, LrPoint } from './types';

/** Share of the average that stays at each step: fastai's. */
const BETA = 0.98;

/** The test ends where the smoothed loss is above so many times its least: fastai's. */
const DIVERGED = 4;

/**
 * An exponential average of losses whose bias towards its start at 0 is taken out, as by Adam: fastai's `AvgSmoothLoss`,
 * `value = average / (1 - beta ** count)`.
 */
export class SmoothedLoss {
  private average = 0;
  private count = 0;

  /** @returns the average with this loss */
  add(loss: number): number {
    this.count++;
    this.average = BETA * this.average + (1 - BETA) * loss;
    return this.average / (1 - BETA ** this.count);
  }
}

/**
 * Variance of {@link SmoothedLoss} after so many losses, as a share of that of a single one, where these are independent: the sum of the squares
 * of their weights.
 */
export function smoothedVariance(count: number): number {
  return (((1 - BETA) / (1 + BETA)) * (1 + BETA ** count)) / (1 - BETA ** count);
}

/** The curve of a range test, step by step. */
export class LrCurve {
  readonly points: LrPoint[] = [];
  private readonly smoothed = new SmoothedLoss();
  private least = Infinity;
  private over: LrEnd = 'steps';

  /** Why the test is to end; `steps` while it is not. */
  get ended(): LrEnd {
    return this.over;
  }

  /**
   * Takes in a step, unless the test is over.
   *
   * @returns its point; undefined where the loss is infinite or no number, and after the end
   */
  add(lr: number, loss: number): LrPoint | undefined {
    if (this.over !== 'steps') return undefined;
    if (!Number.isFinite(loss)) {
      this.over = 'not-finite';
      return undefined;
    }
    const point = { step: this.points.length + 1, lr, loss, smoothed: this.smoothed.add(loss) };
    this.points.push(point);
    this.least = Math.min(this.least, point.smoothed);
    if (point.smoothed > DIVERGED * this.least) this.over = 'diverged';
    return point;
  }
}
