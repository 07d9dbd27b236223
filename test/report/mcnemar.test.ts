import path from 'node:path';
import { resolveTrainOptions } from '../../lib/options';
import { comparePage } from '../../lib/report/compare-page';
import { mcnemar } from '../../lib/report/mcnemar';
import { readRun, type Run } from '../../lib/report/read-run';
import { Scores } from '../../lib/report/scores';
import { scratch } from '../cli/run';
import { makeRun } from './made-run';

/** So many images that only the first model has right, only the second, both, neither. */
const pairs = (first: number, second: number, both = 0, neither = 0): [boolean, boolean][] => [
  ...Array.from({ length: first }, (): [boolean, boolean] => [true, false]),
  ...Array.from({ length: second }, (): [boolean, boolean] => [false, true]),
  ...Array.from({ length: both }, (): [boolean, boolean] => [true, true]),
  ...Array.from({ length: neither }, (): [boolean, boolean] => [false, false]),
];

// scipy.stats.binomtest(k, n, 0.5).pvalue
test.each([
  [0, 0, 1],
  [1, 0, 1],
  [5, 0, 0.0625],
  [8, 2, 0.109375],
  [10, 10, 1],
  [3, 15, 0.007537841796875],
])('of %d and %d images that only one has right, p is %d', (first, second, p) => {
  expect(mcnemar(pairs(first, second, 7, 3)).p).toBeCloseTo(p, 12);
  expect(mcnemar(pairs(second, first)).p).toBeCloseTo(p, 12);
});

test('it counts, and holds for many images', () => {
  expect(mcnemar(pairs(2, 3, 4, 5))).toMatchObject({ onlyFirst: 2, onlySecond: 3, both: 4, neither: 5 });
  const { p } = mcnemar(pairs(5200, 4800));
  // The normal approximation with continuity correction gives 6.6e-5.
  expect(p).toBeGreaterThan(6e-5);
  expect(p).toBeLessThan(7.2e-5);
});

describe('of two runs', () => {
  const tmp = scratch();
  const classes = ['ants', 'bees'];

  /** A run whose validation images lie elsewhere, in folders of the same names within those of the classes. */
  async function runOn(name: string, right: boolean): Promise<Run> {
    const run = await readRun((await makeRun(tmp, name, { classes, files: ['a.png'] })).folder);
    const scores = new Scores(classes);
    for (const [i, trueClass] of classes.entries()) {
      for (const image of ['1.png', '2.png', '3.png']) {
        const predictedClass = right ? trueClass : classes[1 - i];
        const file = path.join(tmp, 'elsewhere', trueClass, 'camera', image);
        const probabilities = Object.fromEntries(classes.map((one) => [one, Number(one === predictedClass)]));
        scores.add({ file, trueClass, predictedClass, probabilities });
      }
    }
    return { ...run, scores };
  }

  test('images of the same name in two classes are two', async () => {
    const runs = [await runOn('one', true), await runOn('two', false)];
    const val = path.join(tmp, 'elsewhere');
    for (const { config } of runs) {
      config.options = { ...config.options, ...resolveTrainOptions({ data: path.join(tmp, 'photos'), val }) };
    }
    const [, cells = ''] = /Difference<\/th>([^]*)<\/table>/.exec(comparePage(runs)) ?? [];
    expect([...cells.matchAll(/<td class="number"[^>]*>([\d.]+)/g)].map(([, figure]) => figure)).toEqual([
      ...['6', '6', '0', '0.0313'],
    ]);
  });
});
