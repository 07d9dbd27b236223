import { mcnemar } from '../../lib/report/mcnemar';

/** So many images that only the first model has right, only the second, both, neither. */
const pairs = (first: number, second: number, both = 0, neither = 0): [boolean, boolean][] => [
  ...Array.from({ length: first }, (): [boolean, boolean] => [true, false]),
  ...Array.from({ length: second }, (): [boolean, boolean] => [false, true]),
  ...Array.from({ length: both }, (): [boolean, boolean] => [true, true]),
  ...Array.from({ length: neither }, (): [boolean, boolean] => [false, false]),
];

// scipy.stats.binomtest(k, n, 0.5).pvalue
test.each([
  [0, 0, 1],
  [1, 0, 1],
  [5, 0, 0.0625],
  [8, 2, 0.109375],
  [10, 10, 1],
  [3, 15, 0.007537841796875],
])('of %d and %d images that only one has right, p is %d', (first, second, p) => {
  expect(mcnemar(pairs(first, second, 7, 3)).p).toBeCloseTo(p, 12);
  expect(mcnemar(pairs(second, first)).p).toBeCloseTo(p, 12);
});

test('it counts, and holds for many images', () => {
  expect(mcnemar(pairs(2, 3, 4, 5))).toMatchObject({ onlyFirst: 2, onlySecond: 3, both: 4, neither: 5 });
  const { p } = mcnemar(pairs(5200, 4800));
  // The normal approximation with continuity correction gives 6.6e-5.
  expect(p).toBeGreaterThan(6e-5);
  expect(p).toBeLessThan(7.2e-5);
});
