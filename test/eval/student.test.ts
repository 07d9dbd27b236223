import { spreadOf, studentQuantile } from '../../lib/eval/student';

// Of one and two degrees of freedom in closed form; the others from the tables of the distribution.
test.each([
  [1, Math.tan(0.475 * Math.PI), 12],
  [2, (0.95 * Math.SQRT2) / Math.sqrt(1 - 0.95 ** 2), 12],
  [3, 3.1824463, 6],
  [4, 2.7764451, 6],
  [5, 2.5705818, 6],
  [9, 2.2621572, 6],
  [10, 2.2281389, 6],
  [29, 2.0452296, 6],
  [60, 2.0002978, 6],
  [99, 1.9842169, 6],
])('the quantile of %i degrees of freedom', (degrees, expected, digits) => {
  expect(studentQuantile(degrees)).toBeCloseTo(expected, digits);
});

test('mean, deviation and interval', () => {
  const { mean, deviation, interval } = spreadOf([0.8, 0.9, 0.7, 1, 0.6]);
  expect(mean).toBeCloseTo(0.8, 12);
  expect(deviation).toBeCloseTo(Math.sqrt(0.025), 12);
  const half = (2.7764451 * Math.sqrt(0.025)) / Math.sqrt(5);
  expect(interval.low).toBeCloseTo(0.8 - half, 7);
  expect(interval.high).toBeCloseTo(0.8 + half, 7);
  expect(spreadOf([0.5, 0.5, 0.5])).toEqual({ mean: 0.5, deviation: 0, interval: { low: 0.5, high: 0.5 } });
});
