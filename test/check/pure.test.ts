import fs from 'node:fs';
import path from 'node:path';
import { rolesOf, type Role } from '../../lib/check/aliases';
import { labelIssues } from '../../lib/check/confident';
import { Groups } from '../../lib/check/groups';
import { nearEmbeddings } from '../../lib/check/near-embeddings';
import { nearHashes } from '../../lib/check/near-hashes';
import { turned } from '../../lib/check/perceptual-hash';
import { crossValidated, dealOut, standardised } from '../../lib/check/probe';
import { randomRows } from '../../lib/check/random-matrix';
import { mulberry32 } from '../../lib/data/draw';
import { callApi } from '../predict/call-api';

const noPause = (): Promise<void> => Promise.resolve();

interface Vectors {
  cases: { labels: number[]; probabilities: number[][]; issues: number[] }[];
}
const vectors = JSON.parse(fs.readFileSync(path.join(__dirname, 'confident.json'), 'utf8')) as Vectors;

test.each(vectors.cases)(
  'probable wrong labels, and their order, are those of cleanlab, case %#',
  ({ labels, probabilities, issues }) => {
    const classes = probabilities[0]?.length ?? 0;
    const found = labelIssues(Int32Array.from(labels), Float64Array.from(probabilities.flat()), classes);
    expect(found.map(({ index }) => index)).toEqual(issues);
    for (const { index, given, suggested } of found) {
      expect(given).toBe(labels[index]);
      expect(suggested).not.toBe(given);
    }
  },
);

describe('hashes that are near', () => {
  const random = mulberry32(5);
  const draw = (): number => Math.floor(random() * 2 ** 32);
  const high = Uint32Array.from({ length: 800 }, draw);
  const low = Uint32Array.from({ length: 800 }, draw);
  // Some that are near by so many bits, and some that are the same.
  for (let i = 0; i < 300; i++) {
    high[i + 400] = high[i] ?? 0;
    low[i + 400] = low[i] ?? 0;
    for (let bit = 0; bit < i % 16; bit++) {
      const at = Math.floor(random() * 64);
      if (at < 32) high[i + 400] = ((high[i + 400] ?? 0) ^ (1 << at)) >>> 0;
      else low[i + 400] = ((low[i + 400] ?? 0) ^ (1 << (at - 32))) >>> 0;
    }
  }
  const bits = (value: number): number => (value >>> 0).toString(2).replaceAll('0', '').length;

  test.each([0, 3, 10])('within %d bits: those that comparing all with all finds, each once', async (radius) => {
    const found: string[] = [];
    await nearHashes({ high, low }, radius, (a, b, distance) => found.push(`${a} ${b} ${distance}`), noPause);
    const expected: string[] = [];
    for (let a = 0; a < high.length; a++) {
      for (let b = a + 1; b < high.length; b++) {
        const distance = bits((high[a] ?? 0) ^ (high[b] ?? 0)) + bits((low[a] ?? 0) ^ (low[b] ?? 0));
        if (distance <= radius) expected.push(`${a} ${b} ${distance}`);
      }
    }
    expect(expected.length).toBeGreaterThan(15);
    expect(found.sort()).toEqual(expected.sort());
  });

  test('40,000 of them are searched without comparing all with all', async () => {
    // Looking up a global is slow in jest's contexts: in a process of its own.
    const found = await callApi(async ({ root }, count) => {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- the built package
      const { nearHashes: search } = require(`${root}/dist/check/near-hashes.js`) as { nearHashes: typeof nearHashes };
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- the built package
      const { mulberry32: generator } = require(`${root}/dist/data/draw.js`) as { mulberry32: typeof mulberry32 };
      const next = generator(5);
      const many = () => Uint32Array.from({ length: count }, () => Math.floor(next() * 2 ** 32));
      const [halves, others] = [many(), many()];
      halves[count - 1] = halves[7] ?? 0;
      others[count - 1] = ((others[7] ?? 0) ^ 0b1011) >>> 0;
      const pairs: number[][] = [];
      await search(
        { high: halves, low: others },
        10,
        (...pair) => pairs.push(pair),
        () => Promise.resolve(),
      );
      return pairs;
    }, 40_000);
    expect(found).toContainEqual([7, 39_999, 3]);
  });
});

test('embeddings that point the same way, whatever all have in common', async () => {
  const width = 32;
  const rows = randomRows(200, width, 3);
  // Images 100 to 119 are near 0 to 19; all lie far off the origin.
  for (let i = 0; i < 20 * width; i++) rows[100 * width + i] = (rows[i] ?? 0) * 1.5 + 0.1 * Math.sin(i);
  const values = rows.map((value) => value + 20);
  const images = Int32Array.from({ length: 200 }, (_, i) => i);
  const pairs = await nearEmbeddings({ values, width, images }, images, noPause);
  expect((pairs ?? []).map(({ a, b }) => [a, b]).sort((x, y) => (x[0] ?? 0) - (y[0] ?? 0))).toEqual(
    Array.from({ length: 20 }, (_, i) => [i, i + 100]),
  );
});

test('many copies of one image are no cluster', async () => {
  const [width, count, copies] = [32, 600, 150];
  const values = randomRows(count, width, 6);
  for (let i = 1; i < copies; i++) values.copyWithin(i * width, 0, width);
  // Of different images only the last is near another: a copy.
  for (let i = 0; i < width; i++) values[(count - 1) * width + i] = 1.1 * (values[i] ?? 0);
  const images = Int32Array.from({ length: count }, (_, i) => i);
  const groups = images.map((image) => (image < copies ? 0 : image));
  const pairs = await nearEmbeddings({ values, width, images }, groups, noPause);
  expect(pairs?.map(({ a, b }) => [a, b])).toEqual([[0, count - 1]]);
});

test('embeddings in two clusters tell no look-alikes', async () => {
  const width = 32;
  const noise = randomRows(200, width, 4);
  const values = noise.map((value, i) => 0.01 * value + (Math.floor(i / width) % 2 === i % 2 ? 1 : -1));
  const images = Int32Array.from({ length: 200 }, (_, i) => i);
  expect(await nearEmbeddings({ values, width, images }, images, noPause)).toBeUndefined();
});

test('parts: each class evenly, and copies together', () => {
  const labels = Int32Array.from({ length: 53 }, (_, i) => (i < 20 ? 0 : 1));
  const together = Int32Array.from({ length: 53 }, (_, i) => (i === 7 || i === 40 ? 3 : i));
  const parts = dealOut(labels, together, 5, 1);
  expect(new Set([parts[3], parts[7], parts[40]]).size).toBe(1);
  for (const label of [0, 1]) {
    const counts = Array.from(
      { length: 5 },
      (_, part) => labels.filter((own, i) => own === label && parts[i] === part).length,
    );
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(3);
  }
  expect(dealOut(labels, together, 5, 1)).toEqual(parts);
  expect(dealOut(labels, together, 5, 2)).not.toEqual(parts);
});

test('probabilities out of sample: high for the class of separable data, and no better than chance for noise', async () => {
  const [count, width, classes] = [150, 20, 3];
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  const right = async (separation: number): Promise<number> => {
    const rows = randomRows(count, width, 9).map(
      (value, i) => value + (i % width === labels[Math.floor(i / width)] ? separation : 0),
    );
    const parts = dealOut(labels, Int32Array.from(labels.keys()), 5, 0);
    const done: number[] = [];
    const data = { values: standardised(rows, width), width, labels, classes };
    const probabilities = await crossValidated(data, parts, 0, { onPart: (part) => done.push(part), pause: noPause });
    expect(done).toEqual([1, 2, 3, 4, 5]);
    const own = labels.map((label, i) =>
      Number(
        probabilities
          .subarray(i * classes, (i + 1) * classes)
          .every((p) => p <= (probabilities[i * classes + label] ?? 0)),
      ),
    );
    for (let i = 0; i < count; i++) {
      expect(probabilities.subarray(i * classes, (i + 1) * classes).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 9);
    }
    return own.reduce((sum, value) => sum + value, 0) / count;
  };
  expect(await right(4)).toBeGreaterThan(0.95);
  expect(await right(0)).toBeLessThan(0.5);
});

test('groups grow together, whatever the order of the pairs', () => {
  const groups = new Groups(8);
  for (const [a = 0, b = 0] of [
    [5, 6],
    [1, 2],
    [6, 1],
    [7, 3],
  ])
    groups.join(a, b);
  expect(groups.all()).toEqual([
    [1, 2, 5, 6],
    [3, 7],
  ]);
});

// What Pillow's exif_transpose makes of 1 2 / 3 4.
test.each([
  [1, [1, 2, 3, 4]],
  [2, [2, 1, 4, 3]],
  [3, [4, 3, 2, 1]],
  [4, [3, 4, 1, 2]],
  [5, [1, 3, 2, 4]],
  [6, [3, 1, 4, 2]],
  [7, [4, 2, 3, 1]],
  [8, [2, 4, 1, 3]],
])('a square turned by orientation %d', (orientation, expected) => {
  expect([...turned(Uint8Array.of(1, 2, 3, 4), orientation)]).toEqual(expected);
});

describe('many images', () => {
  /** Far more than it takes, and far less than what grows with the square of their number. */
  const SECONDS = 8;
  async function timed<T>(work: () => T | Promise<T>): Promise<T> {
    const begun = performance.now();
    const result = await work();
    expect((performance.now() - begun) / 1000).toBeLessThan(SECONDS);
    return result;
  }

  test('are dealt out in no time', async () => {
    const labels = Int32Array.from({ length: 100_000 }, (_, i) => i % 2);
    const together = Int32Array.from(labels.keys());
    const parts = await timed(() => dealOut(labels, together, 5, 0));
    expect([0, 1, 2, 3, 4].map((part) => parts.filter((own) => own === part).length)).toEqual(Array(5).fill(20_000));
  });

  test('are judged, however many there are', async () => {
    const count = 150_000;
    const labels = Int32Array.from({ length: count }, (_, i) => i % 2);
    const data = { values: Float32Array.from(labels, (label) => 2 * label - 1), width: 1, labels, classes: 2 };
    // Few in one part, so that only one classifier is trained on many.
    const parts = Uint8Array.from(labels, (_, i) => Number(i < 20));
    const probabilities = await crossValidated(data, parts, 0, { onPart: () => {}, pause: noPause });
    expect(probabilities).toHaveLength(2 * count);
    expect(probabilities[0]).toBeGreaterThan(0.5);
    expect(probabilities[2]).toBeLessThan(0.5);
  });

  test('that are copies of one have their roles', async () => {
    const files = Array.from({ length: 40_000 }, (_, i) => `/data/${i}.jpg`);
    // A file, ten links to it, and files of their own.
    const places = new Map(
      files.map((file, i) => [
        file,
        { entry: file, target: i < 11 ? '/data/0.jpg' : file, inode: file, behind: false, ledTo: false },
      ]),
    );
    const roles = await timed(() => rolesOf(files, places));
    const count = (role: Role): number => roles.filter((one) => one === role).length;
    expect(roles[0]).toBe('target');
    expect({ link: count('link'), file: count('file') }).toEqual({ link: 10, file: files.length - 11 });
  });
});
