/** Means and their intervals by Student's t, as cross-validation has them. */
'use strict';

const { spreadOf, studentQuantile } = require('../../dist/eval/student.js');

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Mean of independent values with its 95 % interval.
 *
 * @returns mean, count, and low and high, which are null where one value says nothing of the spread
 */
function meanInterval(values) {
  const count = values.length;
  if (count < 2) return { mean: mean(values), count, low: null, high: null };
  const { mean: middle, interval } = spreadOf(values);
  return { mean: middle, count, ...interval };
}

module.exports = { mean, meanInterval, t95: studentQuantile };
