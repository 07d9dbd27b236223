/** Means and their intervals by Student's t. */
'use strict';

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Probability that Student's t of `freedom` degrees lies between -t and t: the finite sums for whole degrees of freedom (Abramowitz and
 * Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4).
 */
function withinT(t, freedom) {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const odd = freedom % 2 === 1;
  let term = odd ? cos : 1;
  let sum = 0;
  for (let k = odd ? 1 : 0; k <= freedom - 2; k += 2) {
    sum += term;
    term *= ((k + 1) / (k + 2)) * cos * cos;
  }
  return odd ? (2 / Math.PI) * (angle + sin * sum) : sin * sum;
}

/**
 * The t that |T| stays below with probability 0.95, by bisection.
 *
 * @param freedom degrees of freedom, an integer of at least 1
 */
function t95(freedom) {
  let [low, high] = [0, 13]; // of one degree of freedom it is 12.7, of more it is less
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (withinT(middle, freedom) < 0.95) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Mean of independent values with its 95 % interval.
 *
 * @returns mean, count, and low and high, which are null where one value says nothing of the spread
 */
function meanInterval(values) {
  const count = values.length;
  const middle = mean(values);
  if (count < 2) return { mean: middle, count, low: null, high: null };
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (count - 1);
  const half = t95(count - 1) * Math.sqrt(variance / count);
  return { mean: middle, count, low: middle - half, high: middle + half };
}

module.exports = { mean, meanInterval, t95 };
