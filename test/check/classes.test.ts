import { classFindings } from '../../lib/check/classes';
import type { SplitReport } from '../../lib/check/types';
import { matchClasses } from '../../lib/eval/match-classes';
import { suggest } from '../../lib/text/suggest';

/** A split whose classes have as many images each as there should be. */
function splitOf(name: string, classes: readonly string[], images = 20): SplitReport {
  const own = classes.map((one) => ({ name: one, images }));
  return { name, folder: `/data/${name}`, images: images * classes.length, classes: own };
}

const notesOf = (kind: string, ...splits: SplitReport[]): string[] =>
  classFindings(splits)
    .filter((one) => one.kind === kind)
    .map(({ note }) => note);

test('a class without an image is removed, but after a look where it has files that may be its images', () => {
  const split = splitOf('train', ['ants', 'ants and more', 'bees'], 0);
  const notUsed = ['/data/train/ants/deep/phone.heic', '/data/train/notes.txt'];
  const found = classFindings([split], { unlisted: ['/data/train/bees'], notUsed, linked: new Set() });
  expect(found.filter(({ kind }) => kind === 'empty-class').flatMap(({ commands }) => commands)).toEqual([
    '# rmdir -- /data/train/ants',
    "rmdir -- '/data/train/ants and more'",
  ]);
});

test('thousands of classes without an image: each file that is passed over is looked at once', () => {
  const names = Array.from({ length: 300 }, (_, i) => `class ${i}`);
  const files = names.flatMap((name) => Array.from({ length: 10 }, (_, i) => `/data/train/${name}/${i}.heic`));
  let looked = 0;
  const notUsed = new Proxy(files, {
    get: (array, key, receiver): unknown => {
      if (typeof key === 'string' && /^\d+$/.test(key)) looked++;
      return Reflect.get(array, key, receiver);
    },
  });
  const found = classFindings([splitOf('train', names, 0)], { unlisted: [], notUsed, linked: new Set() });
  const commands = found.filter(({ kind }) => kind === 'empty-class').flatMap((one) => one.commands);
  expect(commands.filter((line) => line.startsWith('# rmdir'))).toHaveLength(names.length);
  expect(looked).toBeLessThanOrEqual(2 * files.length);
});

describe('classes of other names in each split', () => {
  test('a few that are misspelt: what was meant', () => {
    const names = Array.from({ length: 1000 }, (_, i) => `a species of number ${String(i * 7919).padStart(7, '0')}`);
    const [first = '', second = '', ...rest] = names;
    const others = [`${first}x`, second.slice(1), ...rest];
    expect(notesOf('missing-class', splitOf('train', names), splitOf('val', others))).toEqual([
      `train has no class ${first}x, which is in val; it has ${first}`,
      `train has no class ${second.slice(1)}, which is in val; it has ${second}`,
      `val has no class ${first}, which is in train; it has ${first}x`,
      `val has no class ${second}, which is in train; it has ${second.slice(1)}`,
    ]);
  });

  test('thousands: they are not compared each with each', () => {
    // The square of their number, times that of their length, would not come to an end.
    const named = (kind: string): string[] => Array.from({ length: 5000 }, (_, i) => `${kind.repeat(80)}${i}`);
    const notes = notesOf('missing-class', splitOf('train', named('a')), splitOf('val', named('b')));
    expect(notes).toHaveLength(10_000);
    expect(notes.filter((note) => note.includes('it has'))).toEqual([]);
  }, 120_000);

  test('nor are folders that are no classes of a model, but for those that are named', () => {
    const named = (kind: string): string[] => Array.from({ length: 2000 }, (_, i) => `${kind.repeat(20)}${i}`);
    const match = (): number[] =>
      matchClasses({ folders: named('a'), classes: named('b'), root: '/data', imagenet: false, classMap: new Map() });
    expect(match).toThrow(/^\/data: a{20}0 is not a class of the model \(nearest: .*; and 1995 more folders$/);
  }, 120_000);

  test('nor is a word with one that is far longer', () => {
    expect(suggest('a'.repeat(300_000), ['b'.repeat(600_000)])).toBeUndefined();
  }, 120_000);
});

describe('classes named alike', () => {
  test.each([
    ['Wild_Bees', 'wild bees'],
    ['class-1', 'class 1'],
    ['ants 2', 'ants2'],
    ['2024-01-02', '2024_01_02'],
    ['_1', '1'],
  ])('%s and %s', (one, other) => {
    expect(notesOf('alike-classes', splitOf('train', [one, other]))).toHaveLength(1);
  });

  test.each([
    ['1.0', '10'],
    ['2.5', '25'],
    ['-1', '1'],
    ['1_2', '12'],
    ['.5', '5'],
    ['v1.0', 'v10'],
    ['5 to -1', '5 to 1'],
  ])('not %s and %s, which are other numbers', (one, other) => {
    expect(notesOf('alike-classes', splitOf('train', [one, other]))).toEqual([]);
  });
});
