import path from 'node:path';
import { recipeOf } from '../../lib/compare/row-file';
import { COMPARE_ROWS, resolveCompareOptions, type CompareRow } from '../../lib/options';
import type { RecipeTable } from '../../lib/options/spec';

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
