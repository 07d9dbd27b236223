import type { Interval } from './wilson';

/** Mean of some values, and how far they are apart. */
export interface Spread {
  /** Arithmetic mean. */
  mean: number;
  /** Sample standard deviation, which divides by one less than the number of values. */
  deviation: number;
  /** 95 % confidence interval of the mean by Student's t. */
  interval: Interval;
}

/**
 * Mean, sample standard deviation and the 95 % interval mean ± t s / √n, with the 0.975 quantile t of Student's distribution with n - 1 degrees
 * of freedom: Student, The probable error of a mean, Biometrika 6 (1908) 1-25.
 *
 * @param values at least two
 */
export function spreadOf(values: readonly number[]): Spread {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  const half = (studentQuantile(n - 1) * deviation) / Math.sqrt(n);
  return { mean, deviation, interval: { low: mean - half, high: mean + half } };
}

/**
 * The 0.975 quantile of Student's t: 12.706 of one degree of freedom, towards 1.96 of many. Found by bisection.
 *
 * @param degrees at least 1
 */
export function studentQuantile(degrees: number): number {
  let low = 1;
  let high = 13;
  for (let middle = 7; middle > low && middle < high; middle = (low + high) / 2) {
    if (between(middle, degrees) < 0.95) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * The probability that Student's t lies between -t and t: M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions (1964), 26.7.3
 * for odd and 26.7.4 for even degrees of freedom.
 */
function between(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const cosine = Math.cos(angle);
  const odd = degrees % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k < degrees; k += 2) {
    term *= (cosine * cosine * (k - 1)) / k;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}
