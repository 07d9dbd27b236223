import fs from 'node:fs';
import path from 'node:path';
import { writePage } from '../../lib/check/page';
import type { CheckReport } from '../../lib/check/types';
import { reportLines } from '../../lib/cli/check-report';
import { resolveTrainOptions } from '../../lib/options';
import type { Run } from '../../lib/report/read-run';
import { warningsOf } from '../../lib/report/warnings';
import { align } from '../../lib/text/text-table';
import { settleRecipe } from '../../lib/train/choose-recipe';
import { runControl } from '../../lib/train/run';
import { run, scratch } from '../cli/run';
import { makeRun } from './made-run';

const tmp = scratch();
const CLASSES = Array.from({ length: 6000 }, (_, i) => `c${i}`);
const IMAGES = 40;

test('a page takes no memory for all pairs of thousands of classes, only for those that there are', async () => {
  const { folder } = await makeRun(tmp, 'many', { classes: CLASSES, files: [] });
  const line = (truth: number, predicted: number): string =>
    `${JSON.stringify({
      file: path.join(tmp, `${truth}.png`),
      trueClass: CLASSES[truth],
      predictedClass: CLASSES[predicted],
      probabilities: Object.fromEntries(CLASSES.map((name, i) => [name, i === predicted ? 1 : 0])),
    })}\n`;
  // c7 is taken for c5 three times, each other class for the next once, or is recognised.
  const said = Array.from({ length: IMAGES }, (_, i) => (i % 2 === 0 ? line(i, i) : line(i, i + 1)));
  fs.writeFileSync(path.join(folder, 'predictions.jsonl'), [...said, line(7, 5), line(7, 5), line(7, 5)].join(''));
  // All pairs would take 288 MB as bare numbers.
  const made = await run(['report', folder], { env: { NODE_OPTIONS: '--max-old-space-size=160' } });
  expect(made).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^40 images have no picture, .*\nThe page does not show .*\n$/) as string,
  });
  const text = fs.readFileSync(path.join(folder, 'report.html'), 'utf8');
  const rows = [
    ...text.matchAll(
      /<th scope="row">(c\d+)<\/th>\s*<td>(c\d+)<\/td>\s*<td class="number"><a href="#cell-\d+-\d+">(\d+)<\/a>/g,
    ),
  ].map(([, ...row]) => row);
  expect(rows).toHaveLength(IMAGES / 2 + 1);
  expect(rows.slice(0, 3)).toEqual([
    ['c7', 'c5', '3'],
    ['c1', 'c2', '1'],
    ['c3', 'c4', '1'],
  ]);
});

describe('more classes than a call takes arguments', () => {
  const names = Array.from({ length: 150_000 }, (_, i) => `c${i}`);

  test('are of very different size all the same', () => {
    const of = (images: (i: number) => number): object =>
      Object.fromEntries(names.map((name, i) => [name, { images: images(i), hash: '' }]));
    const data = { train: of((i) => (i === 7 ? 60 : 12)), val: of(() => 10) };
    const run = { config: { classes: names, data }, result: {}, epochs: [] } as unknown as Run;
    expect(warningsOf(run)).toEqual([expect.stringContaining('5 times the images of the smallest')]);
  });

  test('are a table', () => {
    const lines = align([...names.map((name) => [name]), ['the longest of all']], () => true);
    expect([lines.length, lines[0]]).toEqual([150_001, 'c0'.padStart(18)]);
  });

  test('are counted by check, in its lines and in its page', async () => {
    const classes = names.map((name, i) => ({ name, images: i === 7 ? 1 : 3 }));
    const report: CheckReport = {
      ...{ data: tmp, findings: [], counts: {}, skipped: [], judgedBy: null, decoded: 0, seconds: 1, html: null },
      splits: [{ name: 'train', folder: tmp, images: 449_998, classes }],
    };
    const lines = reportLines(report, { width: 80, quiet: false });
    expect(lines.join('\n')).toMatch(/train +449998 +150000 +1 +3/);
    const file = path.join(tmp, 'check.html');
    await writePage(file, report, { signal: new AbortController().signal, emit: () => {} });
    expect(fs.readFileSync(file, 'utf8')).toMatch(/<td class="number">1<\/td>\s*<td class="number">3<\/td>/);
  });

  test('have a recipe', async () => {
    const input = { data: tmp, recipe: 'auto', weights: 'imagenet-v1' } as const;
    const train = names.map((name, target) => ({ file: `${name}/1.png`, name: `${name}/1.png`, target }));
    const dataset = { classes: names, train, val: [], roots: [] } as unknown as Parameters<typeof settleRecipe>[2];
    const notes: unknown[] = [];
    const control = runControl({ onEvent: (event) => notes.push(event) }, true);
    const settled = await settleRecipe(input, resolveTrainOptions(input), dataset, control);
    expect(settled.recipe).toBe('linear');
    expect(notes).toEqual([{ kind: 'note', note: expect.stringContaining('a class has 1 training image') }]);
  });
});
