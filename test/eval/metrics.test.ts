import { score, Tally } from '../../lib/eval/metrics';
import { wilsonInterval } from '../../lib/eval/wilson';

const log = Math.log;

test('the score of one image, computed by hand', () => {
  // Softmax of ln 1, ln 2, ln 5 is 1/8, 2/8, 5/8.
  const logits = [log(1), log(2), log(5)];
  const scored = score(logits, 1);
  expect(scored).toMatchObject({ predicted: 2, rank: 1 });
  expect(scored?.probability).toBeCloseTo(5 / 8, 12);
  expect(scored?.loss).toBeCloseTo(log(4), 12);
  expect(score(logits, 2)).toMatchObject({ predicted: 2, rank: 0 });
});

test('of equal logits the first counts, so that only one class can be right', () => {
  const ranks = [0, 1, 2].map((target) => score([7, 7, 7], target)?.rank);
  expect(ranks).toEqual([0, 1, 2]);
  expect(score([7, 7, 7], 2)?.predicted).toBe(0);
});

test('huge logits keep their loss, and logits that are no numbers have no score', () => {
  expect(score([1e30, 0], 1)?.loss).toBe(1e30);
  expect(score([-1e4, 0], 1)?.loss).toBe(0);
  for (const bad of [NaN, Infinity, -Infinity]) expect(score([bad, 1], 1)).toBeUndefined();
});

/** Adds images by true and predicted class. */
function tally(outputs: number, rows: number[], pairs: [number, number][]): Tally {
  const made = new Tally(rows);
  for (const [target, predicted] of pairs) {
    const logits = Array.from({ length: outputs }, (_, i) => (i === predicted ? 3 : -i / 100));
    const scored = score(logits, target);
    if (scored === undefined) throw new Error('finite logits have a score');
    made.add(target, scored);
  }
  return made;
}

test('figures of classes, computed by hand', () => {
  const pairs: [number, number][] = [
    ...Array.from({ length: 3 }, (): [number, number] => [0, 0]),
    [0, 1],
    [1, 0],
    [1, 1],
  ];
  const made = tally(3, [0, 1, 2], pairs);
  expect(made.confusion).toEqual({
    counts: [
      [3, 1, 0],
      [1, 1, 0],
      [0, 0, 0],
    ],
    other: [0, 0, 0],
  });
  expect([made.images, made.correct, made.top5]).toEqual([6, 4, 6]);
  const half = { precision: 0.5, recall: 0.5, f1: 0.5 };
  expect(made.classFigures(0)).toEqual({
    support: 4,
    predicted: 4,
    correct: 3,
    precision: 0.75,
    recall: 0.75,
    f1: 0.75,
  });
  expect(made.classFigures(1)).toEqual({ support: 2, predicted: 2, correct: 1, ...half });
  expect(made.classFigures(2)).toEqual({
    support: 0,
    predicted: 0,
    correct: 0,
    precision: null,
    recall: null,
    f1: null,
  });
});

test('what is taken for a class without a row is other, and top-5 counts five', () => {
  // The logits fall with the number, behind the predicted one: target 4 is fifth or sixth.
  const made = tally(
    8,
    [4, 2],
    [
      [4, 7],
      [4, 0],
      [2, 4],
    ],
  );
  expect(made.confusion).toEqual({
    counts: [
      [0, 0],
      [1, 0],
    ],
    other: [2, 0],
  });
  expect(made.top5).toBe(2);
  expect(made.classFigures(0)).toMatchObject({ support: 2, predicted: 1, correct: 0, precision: 0, recall: 0, f1: 0 });
});

test('of more classes than a matrix has room for there are the pairs that are not 0, in order', () => {
  const pairs: [number, number][] = [
    [2, 0],
    [0, 1],
    [2, 2],
    [0, 0],
    [2, 0],
    [1, 3],
  ];
  const made = tally(4, [0, 1, 2], pairs);
  const other = [0, 1, 0];
  expect(made.confusionWithin(3)).toEqual({ counts: made.confusion.counts, pairs: null, other });
  expect(made.confusionWithin(2)).toEqual({
    counts: null,
    pairs: [
      { truth: 0, predicted: 0, images: 1 },
      { truth: 0, predicted: 1, images: 1 },
      { truth: 2, predicted: 0, images: 2 },
      { truth: 2, predicted: 2, images: 1 },
    ],
    other,
  });
});

test('properties of many images: sums agree, and F1 is the harmonic mean', () => {
  let state = 1;
  const draw = (below: number): number => (state = (state * 48271) % 2147483647) % below;
  const pairs = Array.from({ length: 500 }, (): [number, number] => [draw(5), draw(6)]);
  const made = tally(6, [0, 1, 2, 3, 4], pairs);
  const { counts, other } = made.confusion;
  const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
  expect(sum(counts.flat()) + sum(other)).toBe(500);
  expect(sum(counts.map((row, i) => row[i] ?? 0))).toBe(made.correct);
  for (let row = 0; row < 5; row++) {
    const { support, precision, recall, f1 } = made.classFigures(row);
    expect(support).toBe(pairs.filter(([target]) => target === row).length);
    expect(f1).toBeCloseTo(2 / (1 / Number(precision) + 1 / Number(recall)), 12);
  }
});

// By bisection in Python of (k/n - p)^2 = z^2 p (1 - p) / n, with z of statistics.NormalDist().inv_cdf(0.975).
test.each([
  [133, 153, 0.806711252665237, 0.9137615155024258],
  [105, 153, 0.6089514465764796, 0.7544728701098635],
  [1, 10, 0.01787621309507291, 0.40415002679523837],
  [0, 153, 0, 0.02449262363139453],
  [8, 8, 0.6755924351161198, 1],
])('the Wilson interval of %i of %i', (k, n, low, high) => {
  const interval = wilsonInterval(k, n);
  expect(interval.low).toBeCloseTo(low, 10);
  expect(interval.high).toBeCloseTo(high, 10);
});
