import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/* eslint-disable @typescript-eslint/no-require-imports -- the benchmarks are plain JavaScript, and have no types */
interface Interval {
  mean: number;
  count: number;
  low: number | null;
  high: number | null;
}
interface Run {
  set: string;
  recipe: string;
  seed: number;
  accuracy: number;
  seconds: number;
  steps: number;
  epochs: number;
}
interface DrawnSet {
  classes: string[];
  images: number;
  train: (seed: number) => Promise<string>;
}

const { CLASSES, SIDE, drawPicture } = require('../../bench/recipes/picture') as {
  CLASSES: string[];
  SIDE: number;
  drawPicture: (name: string, key: string, hard?: boolean) => Buffer;
};
const { PRETRAINED_CLASSES, TRANSFER_CLASSES, drawnSet } = require('../../bench/recipes/sets') as {
  PRETRAINED_CLASSES: string[];
  TRANSFER_CLASSES: string[];
  drawnSet: (set: object, testPerClass: number, work: string) => DrawnSet;
};
const { meanInterval, t95 } = require('../../bench/recipes/statistics') as {
  meanInterval: (values: number[]) => Interval;
  t95: (freedom: number) => number;
};
const { compareRuns } = require('../../bench/recipes/compare') as {
  compareRuns: (runs: Run[], recipes: string[]) => { sets: { differences: object[] }[]; all: object[] };
};

const work = mkdtempSync(path.join(tmpdir(), 'resnet-ft-recipes-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const mean = (bytes: Buffer): number => bytes.reduce((sum, value) => sum + value, 0) / bytes.length;

/** Every eighth: textures and shapes. */
const SOME = CLASSES.filter((_, i) => i % 8 === 3);

test('an image follows from its class and key alone', () => {
  const first = SOME.map((name) => sha(drawPicture(name, 'a')));
  const again = [...SOME].reverse().map((name) => sha(drawPicture(name, 'a')));
  expect(again.reverse()).toEqual(first);
  expect(new Set(first).size).toBe(SOME.length);
  expect(drawPicture('rings', 'b').equals(drawPicture('rings', 'a'))).toBe(false);
});

test('images of a class differ in colour, and are no plain areas', () => {
  for (const name of ['cells', 'bar']) {
    const drawn = Array.from({ length: 4 }, (_, i) => drawPicture(name, `${i}`));
    const means = drawn.map(mean);
    expect(Math.max(...means) - Math.min(...means)).toBeGreaterThan(20);
    for (const bytes of drawn) {
      expect(bytes).toHaveLength(SIDE * SIDE * 3);
      expect(Math.max(...bytes) - Math.min(...bytes)).toBeGreaterThan(20);
    }
  }
});

test('no class of the pretraining is transferred to', () => {
  expect(PRETRAINED_CLASSES.filter((name) => TRANSFER_CLASSES.includes(name))).toEqual([]);
  expect([...PRETRAINED_CLASSES, ...TRANSFER_CLASSES].sort()).toEqual([...CLASSES].sort());
  expect(TRANSFER_CLASSES.length).toBeGreaterThanOrEqual(20);
});

test('a set has other training images for each seed, and the same for the same', async () => {
  const set = { name: 'small', classes: 2, perClass: 2 };
  const files = async (folder: string, seed: number): Promise<Record<string, string>> => {
    const { classes, images, train } = drawnSet(set, 1, path.join(work, folder));
    expect([classes.length, images]).toEqual([2, 4]);
    const root = path.join(await train(seed), 'train');
    const names = classes.flatMap((name) => readdirSync(path.join(root, name)).map((file) => path.join(name, file)));
    return Object.fromEntries(names.map((name) => [name, sha(readFileSync(path.join(root, name)))]));
  };
  const first = await files('a', 0);
  expect(Object.keys(first)).toHaveLength(4);
  expect(await files('b', 0)).toEqual(first);
  const hashes = new Set([...Object.values(first), ...Object.values(await files('a', 1))]);
  expect(hashes.size).toBe(8);
});

// Of the tables of Student's t, to the three digits that they are printed with.
test.each([
  ...([
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [8, 2.306],
  ] as const),
  ...([
    [9, 2.262],
    [11, 2.201],
    [30, 2.042],
    [120, 1.98],
  ] as const),
])('t of %i degrees of freedom', (freedom, expected) => {
  expect(t95(freedom)).toBeCloseTo(expected, 3);
});

test('an interval of a mean', () => {
  // Mean 2, standard deviation 1, 4.30265 / sqrt(3) on each side.
  const { mean: middle, low, high } = meanInterval([1, 2, 3]);
  expect(middle).toBe(2);
  expect(low).toBeCloseTo(2 - 2.48414, 5);
  expect(high).toBeCloseTo(2 + 2.48414, 5);
  expect(meanInterval([0.5])).toEqual({ mean: 0.5, count: 1, low: null, high: null });
});

test('recipes are compared on the same set and seed', () => {
  const run = (recipe: string, seed: number, accuracy: number): Run => ({
    ...{ set: 's', recipe, seed, accuracy, seconds: 1, steps: 1, epochs: 1 },
  });
  // In another order, and one without its pair: seeds 0, 1, 2 differ by 0.01, 0.02, 0.03, while both vary by much more.
  const runs = [
    ...[run('b', 2, 0.93), run('a', 0, 0.5), run('a', 1, 0.7), run('a', 2, 0.9)],
    ...[run('b', 1, 0.72), run('b', 0, 0.51), run('b', 3, 0.1)],
  ];
  const compared = compareRuns(runs, ['a', 'b']);
  const expected = {
    recipe: 'b',
    than: 'a',
    difference: {
      ...{ mean: expect.closeTo(0.02, 9), count: 3 },
      ...{ low: expect.closeTo(0.02 - 0.0248414, 6), high: expect.closeTo(0.02 + 0.0248414, 6) },
    },
  };
  expect(compared.all).toEqual([expected]);
  expect(compared.sets.map(({ differences }) => differences)).toEqual([[expected]]);
});
