import fs from 'node:fs';
import path from 'node:path';
import { filesOf } from '../../lib/compare/files-of';
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

test('the first two rows are refused without weights', () => {
  for (const rows of [undefined, 'fine-tuned', 'pretrained,scratch']) {
    expect(() =>
      resolveCompareOptions({ data: 'photos', weights: 'none', ...(rows === undefined ? {} : { rows }) }),
    ).toThrow('Expected pretrained weights for --weights but received none');
  }
  expect(resolveCompareOptions({ data: 'photos', weights: 'none', rows: 'scratch' }).weights).toBe('none');
});

test('--crop-scale none is what its help says: the fixed crop', () => {
  expect(resolveCompareOptions({ data: 'photos', cropScale: 'none' }).cropScale).toBeUndefined();
});

test("the tutorial's data set is the same from whichever folder it is named, and so are files", () => {
  const recipe = (): object =>
    recipeOf('fine-tuned', resolveCompareOptions({ data: 'hymenoptera', weights: path.relative(process.cwd(), file) }));
  const file = path.join(tmp, 'w.pth');
  fs.writeFileSync(file, 'weights');
  const before = process.cwd();
  const here = recipe();
  expect(here).toMatchObject({ data: 'hymenoptera', weights: file });
  try {
    process.chdir(tmp);
    expect(recipe()).toEqual(here);
  } finally {
    process.chdir(before);
  }
});

test('a row is the same once a file that made it is gone', async () => {
  const folder = path.join(tmp, 'gone');
  fs.mkdirSync(folder);
  const file = path.join(folder, 'w.pth');
  const recipe = (): ReturnType<typeof recipeOf> =>
    recipeOf('fine-tuned', resolveCompareOptions({ data: 'photos', weights: path.relative(process.cwd(), file) }));
  fs.writeFileSync(file, 'weights');
  const figures = { correct: 1, images: 2, accuracy: 0.5, loss: 1, interval: { low: 0, high: 1 } };
  await saveRow({ recipe: recipe(), result: { row: 'fine-tuned', ...figures, folder, reused: false } });
  fs.rmSync(file);
  expect(await finishedRow(folder, recipe(), () => Promise.resolve(undefined))).toMatchObject({ reused: true });
  const other = { ...recipe(), weights: path.relative(process.cwd(), path.join(folder, 'other.pth')) };
  await expect(finishedRow(folder, other, () => Promise.resolve(undefined))).rejects.toThrow(/for --weights, not/);
});

test.each([
  ['pretrained', 'classMap', 'class-map'],
  ['fine-tuned', 'weights', 'weights'],
  ['scratch', 'classWeights', 'class-weights'],
] as const)('a row %s is not taken for one of another content of %s', async (row, option, flag) => {
  const folder = path.join(tmp, `content-${row}`);
  fs.mkdirSync(folder);
  const file = path.join(folder, 'file');
  fs.writeFileSync(file, 'before');
  const recipe = recipeOf(row, resolveCompareOptions({ data: 'photos', [option]: file }));
  const [interval, figures] = [
    { low: 0, high: 1 },
    { correct: 1, images: 2, accuracy: 0.5, loss: 1 },
  ];
  await saveRow({ recipe, files: await filesOf(recipe), result: { row, ...figures, interval, folder, reused: false } });
  const again = (): Promise<unknown> => finishedRow(folder, recipe, () => Promise.resolve(undefined));
  await expect(again()).resolves.toMatchObject({ reused: true });
  fs.writeFileSync(file, 'after');
  await expect(again()).rejects.toThrow(`${folder} was made when ${file} of --${flag} held something else`);
  // Nothing says that it is another.
  fs.rmSync(file);
  await expect(again()).resolves.toMatchObject({ reused: true });
});
