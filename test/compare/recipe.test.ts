import fs from 'node:fs';
import path from 'node:path';
import { finishedRow, recipeOf, saveRow } from '../../lib/compare/row-file';
import { textTable } from '../../lib/compare/table';
import { COMPARE_ROWS, resolveCompareOptions, type CompareRow } from '../../lib/options';
import type { RecipeTable } from '../../lib/options/spec';
import { scratch } from '../cli/run';

const tmp = scratch();

const given = {
  data: 'photos',
  val: 'others',
  threads: 3,
  cacheMemory: '1GB',
  cacheDisk: '1GB',
  cropMemory: '1GB',
  cacheDir: 'crops',
  offline: true,
  classMap: 'ants=ant',
  arch: 'resnet18',
} as const;

const ALL = ['arch', 'backend', 'batchSize', 'data', 'device', 'precision', 'skipUnreadable', 'val'];
const TRAINED = [
  ...['accumulate', 'beta1', 'beta2', 'cacheBf16', 'cycleMomentum', 'decayNormBias', 'draws', 'epochs', 'eps', 'gamma'],
  ...['keep', 'labelSmoothing', 'lr', 'lrLayerDecay', 'momentum', 'nesterov', 'optimizer', 'sampling', 'schedule'],
  ...['deterministic', 'minDelta', 'seed', 'trainFrom', 'weightDecay'],
];
const AUGMENTED = [
  'erasing',
  'grayscale',
  'hflip',
  'rotate',
  'shear',
  'trivialAugment',
  'vflip',
  'warpFill',
  'warpInterpolation',
];
const EXPECTED: Record<CompareRow, string[]> = {
  pretrained: [...ALL, 'classMap', 'weights'],
  'fine-tuned': [...ALL, ...TRAINED, ...AUGMENTED, 'weights'],
  scratch: [...ALL, ...TRAINED, ...AUGMENTED],
};

test.each(COMPARE_ROWS)('the recipe of the row %s holds what its result depends on, and nothing else', (row) => {
  const recipe = recipeOf(row, resolveCompareOptions(given));
  expect(Object.keys(recipe).sort()).toEqual(EXPECTED[row].sort());
  // In another working directory they would be others.
  expect([recipe['data'], recipe['val']]).toEqual([path.resolve('photos'), path.resolve('others')]);
});

test('an option that does not say what it affects does not compile', () => {
  const table = {
    // @ts-expect-error -- `affects` is missing
    warmUp: { type: 'boolean', default: false, group: 'Recipe', help: 'begin slowly' },
  } as const satisfies RecipeTable;
  expect(table.warmUp).not.toHaveProperty('affects');
});

test('a row whose loss was no number is the same when it is used again', async () => {
  const folder = path.join(tmp, 'scratch');
  fs.mkdirSync(folder);
  const [recipe, interval] = [{ data: '/photos' }, { low: 0, high: 1 }];
  const row = { row: 'scratch', correct: 1, images: 2, accuracy: 0.5, interval, loss: NaN } as const;
  await saveRow({ recipe, result: { ...row, folder, reused: false } });
  const again = await finishedRow(folder, recipe, () => Promise.resolve(undefined));
  expect(again).toEqual({ ...row, folder, reused: true });
  expect(textTable(again === undefined ? [] : [again])[1]).toMatch(/NaN$/);
});

test('what a row would refuse is refused before the first', () => {
  expect(() => resolveCompareOptions({ data: 'photos', minDelta: 0.1 })).toThrow('--min-delta needs --patience');
  expect(resolveCompareOptions({ data: 'photos', minDelta: 0.1, patience: 2 }).minDelta).toBe(0.1);
});
