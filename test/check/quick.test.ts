import fs from 'node:fs';
import path from 'node:path';
import { quickNotes } from '../../lib/check/quick';
import type { CheckReport } from '../../lib/check/types';
import type { Sample } from '../../lib/data/image-folder';
import { records, run, scratch } from '../cli/run';
import { fill, picture, put, soundData } from './pictures';
import { ONE_STEP } from '../train/small-run';

const tmp = scratch();

/** The notes of a training on this folder. */
async function notesOf(data: string, ...more: string[]): Promise<string[]> {
  const output = path.join(tmp, `run-${path.basename(data)}`);
  const ran = await run(['train', data, ...more, ...ONE_STEP, '--image-size', '32', '--output', output, '--json']);
  expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
  return records(ran.stdout).flatMap(({ kind, note }) => (kind === 'note' ? [String(note)] : []));
}

test('train tells of leaks, of images in two classes, and of odd classes, and goes on', async () => {
  const data = await soundData(path.join(tmp, "it's"));
  const copy = (from: string, to: string): void => {
    fs.mkdirSync(path.dirname(path.join(data, to)), { recursive: true });
    fs.copyFileSync(path.join(data, from), path.join(data, to));
  };
  copy('train/ants/0.jpg', 'val/ants/copy.jpg');
  copy('train/ants/1.jpg', 'train/bees/copy.jpg');
  copy('train/ants/2.jpg', 'train/ants/harmless.jpg');
  for (const split of ['train', 'val']) {
    for (const name of ['Ants', '.cache'])
      put(
        path.join(data, split, name, `${split}.jpg`),
        await picture(name.length * 10 + split.length)
          .jpeg()
          .toBuffer(),
      );
  }
  expect(await notesOf(data)).toEqual([
    'classes named alike: Ants (1 image) and ants (11 images)',
    'hidden folders that are classes: train/.cache is a class with 1 image',
    'uneven classes: bees has 11 times as many images as .cache (11 and 1)',
    '1 validation image is also in the training set, so the accuracy will look better than it is: val/ants/copy.jpg and train/ants/0.jpg are the same picture',
    '1 image appears in two classes: train/bees/copy.jpg and train/ants/1.jpg are the same picture',
    `for details: npx resnet-ft check '${data.replace("'", "'\\''")}'`,
  ]);
}, 60_000);

test('train has nothing to tell of a sound data set', async () => {
  expect(await notesOf(await soundData(path.join(tmp, 'sound')))).toEqual([]);
}, 60_000);

test('of classes that are the same it counts the images of validation, and names paths that there are', async () => {
  const data = path.join(tmp, 'thrice');
  await fill(path.join(data, 'ants'), 0, 8);
  for (const name of ['Ants', 'ANTS']) fs.cpSync(path.join(data, 'ants'), path.join(data, name), { recursive: true });
  const [, leak, conflict] = await notesOf(data, '--val-split', '0.25');
  const [, images, copy, original] =
    /^(\d) validation images are also in the training set, .*: (\S+) and (\S+) are the same picture$/.exec(
      leak ?? '',
    ) ?? [];
  // Of six: those whose content is in training too, however few contents these are.
  expect(images).toBe('3');
  expect([copy, original].map((name) => fs.existsSync(path.join(data, name ?? '-')))).toEqual([true, true]);
  expect(conflict).toMatch(
    /^8 images appear in several classes: (Ants|ants)\/0\.jpg and ANTS\/0\.jpg are the same picture$/,
  );
}, 60_000);

test('the command after it is told where the validation images are', async () => {
  const data = path.join(tmp, 'as-val');
  await fill(path.join(data, 'ants'), 0, 4);
  await fill(path.join(data, 'bees'), 4, 4);
  const notes = await notesOf(data, '--val', data);
  expect(notes).toEqual([
    '8 validation images are also in the training set, so the accuracy will look better than it is: ants/0.jpg and ants/0.jpg are the same picture',
    `for details: npx resnet-ft check ${data} --val ${data}`,
  ]);
}, 60_000);

test('a folder one too high up, and a link that should be a class', async () => {
  const data = path.join(tmp, 'high');
  await fill(path.join(data, 'x', 'ants'), 0, 4);
  await fill(path.join(data, 'x', 'bees'), 4, 4);
  if (process.platform === 'linux') fs.symlinkSync('../ants', path.join(data, 'moreants'));
  const notes = await notesOf(data, '--val-split', '0.25');
  expect(notes[0]).toBe(
    `only one class, x; its folder holds the folders ants and bees: did you mean ${path.join(data, 'x')}?`,
  );
  if (process.platform === 'linux') expect(notes[1]).toBe('moreants is a link to ../ants, which is not there');
}, 60_000);

test('classes named like splits, and classes made of several folders', async () => {
  const data = path.join(tmp, 'odd');
  for (const [i, name] of ['Train/ants', 'Train/bees', 'Valid/ants', 'Valid/bees'].entries())
    await fill(path.join(data, name), 4 * i, 4);
  expect(await notesOf(data, '--val-split', '0.25')).toEqual([
    `classes named like splits: Train and Valid are taken for classes, which the network learns to tell apart; if they are splits, name them as such: npx resnet-ft train ${data}/Train --val ${data}/Valid`,
    `for details: npx resnet-ft check ${data}`,
  ]);
  const nested = path.join(tmp, 'nested');
  // Folders that are in each class are not classes.
  for (const [i, name] of ['Animals/ants', 'Animals/bees', 'Plants/2020', 'Plants/2021', 'x/2020', 'x/2021'].entries())
    await fill(path.join(nested, name), 4 * i, 4);
  expect(await notesOf(nested, '--val-split', '0.25')).toEqual([
    'classes made of several folders: Animals holds the folders ants and bees, which are taken together as one class',
    `for details: npx resnet-ft check ${nested}`,
  ]);
  for (const folder of [data, nested]) {
    const report = JSON.parse((await run(['check', folder, '--json'])).stdout) as CheckReport;
    const odd = report.findings.filter(({ kind }) => ['split-class', 'nested-class'].includes(kind));
    expect(odd.map(({ note }) => note)).toEqual([
      expect.stringMatching(/^(Train and Valid are taken for classes|Animals holds the folders ants and bees)/),
    ]);
  }
}, 60_000);

test('with --val-split, folders of validation images that are not used are named', async () => {
  const data = path.join(tmp, 'unused');
  for (const [i, name] of ['train/ants', 'train/bees', 'valid/ants', 'valid/bees'].entries())
    await fill(path.join(data, name), 4 * i, 4);
  expect(await notesOf(data, '--val-split', '0.25')).toEqual([
    `--val-split sets some of the training images aside: those in ${data}/valid are not used`,
  ]);
}, 60_000);

describe('what is read', () => {
  const file = put(path.join(tmp, 'read', 'a.jpg'), 'the same');
  const other = put(path.join(tmp, 'read', 'b.jpg'), 'the same');
  const notes = (more: Sample[]): Promise<string[]> => {
    const train = [{ file, name: 'ants/a.jpg', target: 0 }, ...more];
    const val = [{ file: other, name: 'ants/b.jpg', target: 0 }];
    const sizes = new Map([...train, ...val].map((sample) => [sample, 8] as const));
    return quickNotes(
      { data: 'data' },
      { classes: ['ants', 'bees'], train, val, roots: [], passedOver: {} },
      sizes,
      new AbortController().signal,
    );
  };

  test('files of the same size and bytes', async () => {
    expect(await notes([])).toEqual([
      expect.stringMatching(/^1 validation image is also in the training set/),
      expect.anything(),
    ]);
  });

  test('not those of a set with many files of the same size', async () => {
    const many = Array.from({ length: 5000 }, (_, i) => ({ file, name: `ants/${i}.jpg`, target: 0 }));
    expect(await notes(many)).toEqual([]);
  });

  test('a file that is gone is no reason to fail', async () => {
    expect(await notes([{ file: path.join(tmp, 'gone.jpg'), name: 'ants/gone.jpg', target: 0 }])).toEqual([]);
  });
});
