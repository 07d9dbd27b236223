import fs from 'node:fs';
import path from 'node:path';
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
  expect(made).toMatchObject({ code: 0, stderr: '' });
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
