import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openDataset, type Dataset } from '../../lib/data/dataset';
import { drawFolds } from '../../lib/data/folds';
import type { Sample } from '../../lib/data/image-folder';
import { resolveTrainOptions } from '../../lib/options';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-folds-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(folder: string, count: number): void {
  mkdirSync(path.join(root, folder), { recursive: true });
  for (let i = 0; i < count; i++) writeFileSync(path.join(root, folder, `${String(i).padStart(3, '0')}.jpg`), '');
}

const allFolds = (count: number, seed = 0, data = root): Promise<Dataset[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => openDataset({ data, fold: { number: i + 1, count }, seed })));
const names = (samples: { file: string }[]): string[] => samples.map(({ file }) => file).sort();

test('every image is validated once, and each fold has its share of each class and of all', async () => {
  put('a', 22);
  put('b', 11);
  put('c', 5);
  const folds = await allFolds(5, 3);
  const all = names(folds.flatMap(({ val }) => val));
  expect(all).toHaveLength(38);
  expect(new Set(all).size).toBe(38);
  for (const { train, val } of folds) {
    expect(names([...train, ...val])).toEqual(all);
    const counts = [0, 1, 2].map((target) => val.filter((sample) => sample.target === target).length);
    expect([4, 5]).toContain(counts[0]);
    expect([2, 3]).toContain(counts[1]);
    expect(counts[2]).toBe(1);
    expect([7, 8]).toContain(val.length);
    // In the order of the folder, as a run without folds has them.
    expect(train.map(({ file }) => file)).toEqual(names(train));
  }
});

test('the seed draws the folds', async () => {
  put('a', 12);
  put('b', 12);
  const first = await allFolds(3, 1);
  expect(await allFolds(3, 1)).toEqual(first);
  expect(await allFolds(3, 2)).not.toEqual(first);
});

test('of many classes each image is looked at a few times, and not once for each class', () => {
  const classes = Array.from({ length: 300 }, (_, i) => String(i));
  let looks = 0;
  const samples = Array.from({ length: 3000 }, (_, i): Sample => {
    const name = `${i}.jpg`;
    const target = Math.floor(i / 10);
    const get = (): number => {
      looks++;
      return target;
    };
    return Object.defineProperty({ file: name, name, target }, 'target', { get });
  });
  const folds = drawFolds({ root, classes, samples, passedOver: {} }, 5, 0);
  expect(looks).toBeLessThanOrEqual(3 * samples.length);
  expect(folds.map(({ size }) => size)).toEqual(Array(5).fill(600));
});

test('a class with fewer images than folds is named', async () => {
  put('many', 9);
  put('rare', 3);
  await expect(openDataset({ data: root, fold: { number: 1, count: 4 }, seed: 0 })).rejects.toMatchObject({
    code: 'DATA_INVALID',
    message: `${root}: too few images for 4 folds: rare (3)`,
    hint: expect.stringContaining('--folds'),
  });
  expect(await allFolds(3)).toHaveLength(3);
});

test('of a data set the folds are of train/ alone', async () => {
  put('train/a', 4);
  put('train/b', 4);
  put('val/a', 2);
  put('val/b', 2);
  const [one, two] = await allFolds(2);
  const files = [...names(one?.val ?? []), ...names(two?.val ?? [])];
  expect(files).toHaveLength(8);
  for (const file of files) expect(path.relative(root, file).startsWith('train')).toBe(true);
  expect(one?.leftOut).toBe(path.join(root, 'val'));
});

test.each([
  ['0/5', undefined],
  ['6/5', undefined],
  ['1/1', undefined],
  ['1/101', undefined],
  ['2', undefined],
  ['1/5', { val: 'elsewhere' }],
  ['1/5', { valSplit: 0.2 }],
])('--fold %s beside %j is refused', (fold, others) => {
  expect(() => resolveTrainOptions({ data: 'photos', fold, ...others })).toThrow(
    others === undefined ? /for --fold but received/ : /^--val(-split)? can't be used with --fold$/,
  );
});
