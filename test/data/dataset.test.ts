import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openDataset, openTrainingImages } from '../../lib/data/dataset';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-dataset-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(...names: string[]): void {
  for (const name of names) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), '');
  }
}
const numbered = (folder: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${folder}/${String(i).padStart(3, '0')}.jpg`);

test('train/ and val/', async () => {
  put('train/a/1.jpg', 'train/b/2.jpg', 'val/a/3.jpg', 'val/b/4.jpg');
  const { classes, train, val } = await openDataset({ data: root, seed: 0 });
  expect(classes).toEqual(['a', 'b']);
  expect(train.map(({ target }) => target)).toEqual([0, 1]);
  expect(val.map(({ file }) => path.basename(file))).toEqual(['3.jpg', '4.jpg']);
});

test('val names another folder', async () => {
  put('train/a/1.jpg', 'val/x/1.jpg', 'other/a/9.jpg');
  const { val } = await openDataset({ data: root, val: path.join(root, 'other'), seed: 0 });
  expect(val.map(({ file }) => path.basename(file))).toEqual(['9.jpg']);
});

test('valSplit is stratified, seeded and keeps the order', async () => {
  put(...numbered('a', 20), ...numbered('b', 10), ...numbered('c', 2));
  const first = await openDataset({ data: root, valSplit: 0.2, seed: 1 });
  const count = (samples: { target: number }[]): number[] =>
    [0, 1, 2].map((t) => samples.filter(({ target }) => target === t).length);
  expect(count(first.train)).toEqual([16, 8, 1]);
  expect(count(first.val)).toEqual([4, 2, 1]);
  const names = first.train.map(({ name }) => name);
  expect(names).toEqual([...names].sort());
  expect(await openDataset({ data: root, valSplit: 0.2, seed: 1 })).toEqual(first);
  expect(await openDataset({ data: root, valSplit: 0.2, seed: 2 })).not.toEqual(first);
});

test('a class with one image cannot be split', async () => {
  put('a/1.jpg', 'a/2.jpg', 'lone/1.jpg');
  await expect(openDataset({ data: root, valSplit: 0.5, seed: 0 })).rejects.toMatchObject({
    code: 'DATA_INVALID',
    message: expect.stringContaining('lone'),
  });
});

test('of thousands of classes that are in one of the folders only, the first are named', async () => {
  put('train/a/1.jpg', ...Array.from({ length: 30 }, (_, i) => `train/only ${10 + i}/1.jpg`), 'val/a/1.jpg');
  await expect(openDataset({ data: root, seed: 0 })).rejects.toMatchObject({
    message: expect.stringMatching(/: only 10, only 11, .*, only 19 and 20 more$/),
  });
});

test('classes in one of the folders only are named', async () => {
  put('train/a/1.jpg', 'train/left/1.jpg', 'val/a/1.jpg', 'val/right/1.jpg');
  await expect(openDataset({ data: root, seed: 0 })).rejects.toMatchObject({
    code: 'DATA_INVALID',
    message: expect.stringMatching(/left.*right/),
  });
});

test('what is missing comes with a hint', async () => {
  await expect(openDataset({ data: path.join(root, 'no'), seed: 0 })).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' });
  await expect(openDataset({ data: root, seed: 0 })).rejects.toMatchObject({
    code: 'DATA_INVALID',
    message: expect.stringContaining('empty'),
  });
  put('train/a/1.jpg');
  await expect(openDataset({ data: root, seed: 0 })).rejects.toMatchObject({
    code: 'DATA_NOT_FOUND',
    hint: expect.stringMatching(/--val DIR.*--val-split/),
  });
  await expect(openDataset({ data: path.join(root, 'train'), seed: 0 })).rejects.toMatchObject({
    code: 'DATA_NOT_FOUND',
    hint: expect.stringContaining('--val-split'),
  });
});

test('folders of other names than train and val are found for the hint', async () => {
  const hintOf = (folder: string, more: object = {}): Promise<string | undefined> =>
    openDataset({ data: path.join(root, folder), seed: 0, ...more }).then(
      () => undefined,
      (error: { hint?: string }) => error.hint,
    );
  put('a b/Train/ants/1.jpg', 'a b/Valid/ants/1.jpg', 'd/training/ants/1.jpg', 'd/validation/ants/1.jpg');
  const at = (name: string): string => path.join(root, name);
  expect(await hintOf('a b')).toBe(
    `There are Train/ and Valid/: rename them to train and val, or name them: npx resnet-ft train '${at('a b/Train')}' --val '${at('a b/Valid')}'`,
  );
  // With --val the folder is that of the classes, of which Train/ is none.
  expect(await hintOf('a b', { val: at('a b/Valid') })).toBe(
    `There is Train/ in ${at('a b')}: name it: npx resnet-ft train '${at('a b/Train')}' --val '${at('a b/Valid')}'`,
  );
  expect(await hintOf('d')).toMatch(/^There are training\/ and validation\/: rename them/);
  put('e/train/ants/1.jpg', 'e/train/ants/2.jpg', 'e/dev/ants/1.jpg', 'e/test/ants/1.jpg');
  put('f/train/ants/1.jpg', 'f/Test/ants/1.jpg');
  expect(await hintOf('e')).toBe(`There is dev/: rename it to val, or name it with --val ${at('e/dev')}`);
  expect(await hintOf('f')).toBe(
    `There is Test/: rename it to val, or name it with --val ${at('f/Test')}, or set some of train/ aside with --val-split 0.2`,
  );
  const split = await openDataset({ data: at('e'), seed: 0, valSplit: 0.5 });
  expect(split.leftOut).toBe(at('e/dev'));
});

test('a class may be called train', async () => {
  put(...['bus', 'car', 'train'].flatMap((name) => [`g/${name}/1.jpg`, `g/${name}/2.jpg`, `v/${name}/1.jpg`]));
  const data = path.join(root, 'g');
  const classes = ['bus', 'car', 'train'];
  expect(await openDataset({ data, seed: 0, valSplit: 0.5 })).toMatchObject({ classes, roots: [data] });
  expect(await openDataset({ data, seed: 0, val: path.join(root, 'v') })).toMatchObject({ classes });
  expect(await openDataset({ data, seed: 0, fold: { number: 1, count: 2 } })).toMatchObject({ classes });
  expect(await openTrainingImages(data)).toMatchObject({ classes });
  await expect(openDataset({ data, seed: 0 })).rejects.toMatchObject({
    code: 'DATA_NOT_FOUND',
    message: `${data}/train: the folder has no sub-folders, and so is no split`,
    hint: expect.stringContaining('add --val-split 0.2'),
  });
  // With folders in it, it is that of the training images, and what stands beside it is told.
  put('h/train/ice/1.jpg', 'h/train/ice/2.jpg', 'h/bus/1.jpg', 'h/val/ice/1.jpg', 'h/.git/x');
  const folds = await openDataset({ data: path.join(root, 'h'), seed: 0, fold: { number: 1, count: 2 } });
  expect(folds).toMatchObject({ classes: ['ice'], beside: ['bus'], leftOut: path.join(root, 'h', 'val') });
  expect((await openDataset({ data: path.join(root, 'h'), seed: 0 })).beside).toBeUndefined();
});

test('class names that differ in what is not seen are told apart', async () => {
  const composed = 'été'.normalize('NFC');
  const decomposed = composed.normalize('NFD');
  put(`u/train/${composed}/1.jpg`, 'u/train/ants/1.jpg', 'u/train/bees/1.jpg', 'u/train/Wasps/1.jpg');
  put(`u/val/${decomposed}/1.jpg`, 'u/val/Ants/1.jpg', 'u/val/bees /1.jpg', 'u/val/ wasps/1.jpg');
  await expect(openDataset({ data: path.join(root, 'u'), seed: 0 })).rejects.toMatchObject({
    message: expect.stringContaining(`only in ${root}/u/val: ' wasps', Ants, 'bees ', ${decomposed}`),
    hint: [
      "' wasps' begins with a space",
      "'Wasps' and 'wasps' differ in capitals",
      "'ants' and 'Ants' differ in capitals only",
      "'bees ' ends with a space",
      `'${composed}' is written in two Unicode forms`,
      'Both folders must hold the same sub-folders',
    ].join('. '),
  });
});
