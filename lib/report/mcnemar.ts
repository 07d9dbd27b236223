/** Two models on the same images: how often only one of them is right. */
export interface McNemar {
  both: number;
  onlyFirst: number;
  onlySecond: number;
  neither: number;
  /** Two-sided probability of a difference at least as large where both models are equally good. */
  p: number;
}

/**
 * McNemar's test: of the images that only one model has right, each is the one's or the other's with probability 1/2 where both are equally
 * good. Exact, by the binomial distribution, however many there are.
 *
 * Q. McNemar, Note on the sampling error of the difference between correlated proportions or percentages, Psychometrika 12 (1947) 153-157; for
 * classifiers: T. G. Dietterich, Approximate statistical tests for comparing supervised classification learning algorithms, Neural Computation 10
 * (1998) 1895-1923.
 *
 * @param pairs of each image, whether the first and the second model are right
 */
export function mcnemar(pairs: Iterable<readonly [boolean, boolean]>): McNemar {
  const out = { both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 };
  for (const [first, second] of pairs) {
    if (first && second) out.both++;
    else if (first) out.onlyFirst++;
    else if (second) out.onlySecond++;
    else out.neither++;
  }
  return { ...out, p: signTest(out.onlyFirst, out.onlySecond) };
}

/** Two-sided exact binomial test of 1/2. */
function signTest(first: number, second: number): number {
  const n = first + second;
  const least = Math.min(first, second);
  // The logarithm of n over k times 2^-n, from k = 0 on.
  let term = -n * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= least; k++) {
    tail += Math.exp(term);
    term += Math.log(n - k) - Math.log(k + 1);
  }
  return Math.min(1, 2 * tail);
}
