import { loadAddon } from '../../lib/backend/native/load';
import type { DrawAugmentation } from '../../lib/backend/native/addon';

const COUNT = 4000;

/** What is drawn for many samples. */
function drawn(what: DrawAugmentation['what'], value: number, count = COUNT, side = 224): Float32Array[] {
  const addon = loadAddon();
  return Array.from({ length: count }, (_, sample) => addon.drawAugmentation({ what, seed: 7, sample, side, value }));
}

/** The greatest distance between the distribution of numbers and the one that they should have (Kolmogorov and Smirnov). */
function apart(numbers: number[], below: (x: number) => number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return Math.max(...sorted.map((x, i) => Math.max(below(x) - i / sorted.length, (i + 1) / sorted.length - below(x))));
}

/** What that distance exceeds by chance once in a thousand times. */
const CHANCE = 1.95 / Math.sqrt(COUNT);

test.each([
  [0.5, (x: number) => (2 / Math.PI) * Math.asin(Math.sqrt(x))],
  [1, (x: number) => x],
  [2, (x: number) => 3 * x ** 2 - 2 * x ** 3],
])('the shares of mixup with alpha %p are of the beta distribution', (alpha, below) => {
  const shares = drawn('beta', alpha).map(([share]) => share as number);
  expect(apart(shares, below)).toBeLessThan(CHANCE);
});

test('a small alpha, whose shares are nearly all 0 or 1, gives numbers all the same', () => {
  const shares = drawn('beta', 0.001, 500).map(([share]) => share as number);
  expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.1);
});

test('the part of CutMix lies in the image, and the share is that of its area', () => {
  for (const [own = 0, left = 0, top = 0, width = 0, height = 0] of drawn('cutmix', 1, 500, 100)) {
    expect(Math.min(left, top, width, height)).toBeGreaterThanOrEqual(0);
    expect(Math.max(left + width, top + height)).toBeLessThanOrEqual(100);
    expect(own).toBeCloseTo(1 - (width * height) / 1e4, 6);
  }
});

test("what is erased has torchvision's areas and shapes, as often as asked for", () => {
  const parts = drawn('erased', 0.25).filter(([, , width = 0]) => width > 0);
  expect(Math.abs(parts.length / COUNT - 0.25)).toBeLessThan(0.025);
  for (const [left = 0, top = 0, width = 0, height = 0] of parts) {
    const area = (width * height) / 224 ** 2;
    // Sides are rounded to pixels.
    expect(area).toBeGreaterThan(0.019);
    expect(area).toBeLessThan(0.335);
    expect(height / width).toBeGreaterThan(0.28);
    expect(height / width).toBeLessThan(3.5);
    expect(left + width).toBeLessThanOrEqual(224);
    expect(top + height).toBeLessThanOrEqual(224);
  }
});

const SIGNED = 9;

test('TrivialAugment draws each operation as often, at any magnitude, with either sign', () => {
  const choices = drawn('trivial-augment', 0);
  const counts = new Array<number>(14).fill(0);
  for (const [operation = 0] of choices) counts[operation] = (counts[operation] as number) + 1;
  const expected = COUNT / 14;
  const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(chi).toBeLessThan(34.5); // 13 degrees of freedom, once in a thousand times
  const rotations = choices.filter(([operation]) => operation === 5).map(([, magnitude = 0]) => magnitude);
  expect(new Set(rotations.map(Math.abs)).size).toBeGreaterThan(28);
  expect(Math.max(...rotations)).toBe(135);
  expect(Math.min(...rotations)).toBe(-135);
});

test('RandAugment draws two operations of one magnitude', () => {
  const all = loadAddon().drawAugmentation({
    what: 'rand-augment-magnitudes',
    seed: 0,
    sample: 0,
    side: 224,
    value: 0,
  });
  const signs = new Set<number>();
  for (const choice of drawn('rand-augment', 9, 500)) {
    expect(choice).toHaveLength(4);
    for (const at of [0, 2]) {
      const [operation = 0, magnitude = 0] = choice.subarray(at);
      expect(Math.abs(magnitude)).toBe(all[operation * 31 + 9]);
      if (operation >= 1 && operation <= SIGNED) signs.add(Math.sign(magnitude));
      else expect(magnitude).toBeGreaterThanOrEqual(0);
    }
  }
  expect(signs).toEqual(new Set([1, -1]));
});

test('the same is drawn for the same sample, and other things for others', () => {
  expect(drawn('beta', 1, 20)).toEqual(drawn('beta', 1, 20));
  expect(new Set(drawn('beta', 1, 200).map(([share]) => share)).size).toBe(200);
});
