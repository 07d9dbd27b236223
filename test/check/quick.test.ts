import fs from 'node:fs';
import path from 'node:path';
import { quickNotes } from '../../lib/check/quick';
import type { Sample } from '../../lib/data/image-folder';
import { records, run, scratch } from '../cli/run';
import { picture, put, soundData } from './pictures';

const tmp = scratch();
const TRAIN = ['--arch', 'resnet18', '--weights', 'none', '--batch-size', '4', '--steps', '1', '--device', 'cpu'];

/** The notes of a training on this folder. */
async function notesOf(data: string): Promise<string[]> {
  const output = path.join(tmp, `run-${path.basename(data)}`);
  const ran = await run(['train', data, ...TRAIN, '--image-size', '32', '--output', output, '--json']);
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
    'hidden folders that are classes: .cache is a class with 1 image',
    'uneven classes: bees has 11 times as many images as .cache (11 and 1)',
    '1 image of validation is trained on too, so that its figures are too good: val/ants/copy.jpg is train/ants/0.jpg',
    '1 image has two classes: train/bees/copy.jpg is train/ants/1.jpg',
    `npx resnet-ft check '${data.replace("'", "'\\''")}' looks closer`,
  ]);
}, 60_000);

test('train has nothing to tell of a sound data set', async () => {
  expect(await notesOf(await soundData(path.join(tmp, 'sound')))).toEqual([]);
}, 60_000);

describe('what is read', () => {
  const file = put(path.join(tmp, 'read', 'a.jpg'), 'the same');
  const other = put(path.join(tmp, 'read', 'b.jpg'), 'the same');
  const notes = (more: Sample[]): Promise<string[]> => {
    const train = [{ file, name: 'ants/a.jpg', target: 0 }, ...more];
    const val = [{ file: other, name: 'ants/b.jpg', target: 0 }];
    const sizes = new Map([...train, ...val].map((sample) => [sample, 8] as const));
    return quickNotes(
      'data',
      { classes: ['ants'], train, val, roots: [], passedOver: {} },
      sizes,
      new AbortController().signal,
    );
  };

  test('files of the same size and bytes', async () => {
    expect(await notes([])).toEqual([expect.stringMatching(/^1 image of validation is trained on/), expect.anything()]);
  });

  test('not those of a set with many files of the same size', async () => {
    const many = Array.from({ length: 5000 }, (_, i) => ({ file, name: `ants/${i}.jpg`, target: 0 }));
    expect(await notes(many)).toEqual([]);
  });

  test('a file that is gone is no reason to fail', async () => {
    expect(await notes([{ file: path.join(tmp, 'gone.jpg'), name: 'ants/gone.jpg', target: 0 }])).toEqual([]);
  });
});
