import {
  calibrate,
  fitTemperature,
  reliabilityOf,
  reliabilityOfLogits,
  TEMPERATURES,
} from '../../lib/eval/calibration';
import { fitCalibration } from '../../lib/eval/fit-calibration';
import { softmax } from '../../lib/network/softmax';

/** Numbers of 0 to below 1, always the same. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Logits of so many images, and classes drawn by the softmax of these logits divided by `temperature`. */
function drawn(count: number, temperature: number, seed = 1): { logits: Float64Array[]; targets: number[] } {
  const next = numbers(seed);
  const logits = Array.from({ length: count }, () => Float64Array.from({ length: 4 }, () => 8 * next() - 4));
  const targets = logits.map((row) => {
    let left = next();
    return softmax(row, temperature).findIndex((p) => (left -= p) < 0);
  });
  return { logits, targets: targets.map((target) => Math.max(0, target)) };
}

test('the expected calibration error of a worked example', () => {
  // Two bins: three images at 0.95, two right (apart by 0.95 - 2/3); one at 0.6 and right (apart by 0.4).
  const { bins, error } = reliabilityOf([
    { probability: 0.95, right: true },
    { probability: 0.95, right: true },
    { probability: 0.95, right: false },
    { probability: 0.6, right: true },
  ]);
  expect(error).toBeCloseTo((3 * (0.95 - 2 / 3) + 0.4) / 4, 12);
  expect(bins).toHaveLength(15);
  // (8/15, 9/15] has its upper end, and the last bin has 1.
  expect(bins[8]).toMatchObject({ images: 1, accuracy: 1 });
  expect(reliabilityOf([{ probability: 1, right: true }]).bins[14]).toMatchObject({ images: 1 });
});

test.each([0.5, 1, 2.5])('a temperature of %d is found again from what was drawn by it', async (temperature) => {
  const { logits, targets } = drawn(4000, temperature);
  expect((await fitTemperature(logits, targets)) / temperature).toBeCloseTo(1, 1);
});

test('no other temperature gives a lower loss', async () => {
  const { logits, targets } = drawn(300, 1.7);
  const loss = (temperature: number): number =>
    logits.reduce((sum, row, i) => sum - Math.log(softmax(row, temperature)[targets[i] ?? 0] ?? 0), 0);
  const found = await fitTemperature(logits, targets);
  for (const other of [0.99, 1.01, 0.5, 2]) expect(loss(found)).toBeLessThan(loss(found * other));
});

test('it does not depend on what is added to all logits of an image', async () => {
  const { logits, targets } = drawn(200, 2);
  const moved = logits.map((row, i) => row.map((value) => value + i - 100));
  expect(await fitTemperature(moved, targets)).toBeCloseTo(await fitTemperature(logits, targets), 6);
});

test('a model that is always right, or always wrong, has the end of the range', async () => {
  const logits = Array.from({ length: 30 }, () => Float64Array.from([2, 0]));
  const all = (target: number): number[] => logits.map(() => target);
  expect(await fitTemperature(logits, all(0))).toBe(TEMPERATURES.least);
  expect(await fitTemperature(logits, all(1))).toBe(TEMPERATURES.greatest);
});

test.each([
  ['all classes are as probable as others', [1, 1], TEMPERATURES.greatest],
  ['only the true one has any probability', [1e6, 0], TEMPERATURES.least],
  ['only another one has any', [0, 1e6], TEMPERATURES.greatest],
])('where %s the range has an end too', async (_what, row, end) => {
  expect(await fitTemperature([row, row], [0, 0])).toBe(end);
});

test('it is the same wherever the search for it begins', async () => {
  const { logits, targets } = drawn(500, 3);
  const found = await fitTemperature(logits, targets);
  for (const start of [0.001, 0.05, 0.3, found, 7, 20, 1e6]) {
    expect((await fitTemperature(logits, targets, { start })) / found).toBeCloseTo(1, 10);
  }
});

test('what is fitted lets others have a turn, and ends where these say so', async () => {
  const many = Array.from({ length: 40 }, (_, i) => Float32Array.from({ length: 10_000 }, (_one, k) => (k * i) % 7));
  const targets = many.map(() => 3);
  let turns = 0;
  const pause = (): Promise<void> => (++turns < 3 ? Promise.resolve() : Promise.reject(new Error('stopped')));
  await expect(calibrate(many, targets, pause)).rejects.toThrow('stopped');
  expect(turns).toBe(3);
});

test('calibration helps a model that is too sure, on images that it was not fitted on', async () => {
  const { logits, targets } = drawn(1000, 3, 7);
  const { temperature, before, after, loss } = await calibrate(logits, targets);
  expect(temperature).toBeGreaterThan(2.5);
  expect(after.error).toBeLessThan(before.error / 2);
  expect(loss.after).toBeLessThan(loss.before);
});

test('there may be hundreds of thousands of classes', () => {
  const sure = Float32Array.from({ length: 300_000 }, (_, i) => (i === 7 ? 40 : 0));
  expect(reliabilityOfLogits([sure, sure], [7, 8]).error).toBeCloseTo(0.5, 6);
});

test('a model of one class has no temperature, and is not said to be no better than chance', async () => {
  const none = 'a model of one class has no temperature';
  expect(await fitCalibration([[1.5], [-2], [3]], [0, 0, 0])).toEqual({ none, never: true });
});
