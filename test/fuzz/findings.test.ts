import fs from 'node:fs';
import path from 'node:path';
import { oneLine } from '../../lib/errors';
import { predictionLines } from '../../lib/repeats/predictions';
import { readRun } from '../../lib/report/read-run';
import { scratch } from '../cli/run';
import { makeRun } from '../report/made-run';

// What fuzzing led to beside the inputs in fuzz/kept.

const folder = scratch();

test('predictions of a finished training that are damaged are an error that names the file', async () => {
  const output = path.join(folder, 'fold-1');
  fs.mkdirSync(output);
  const file = path.join(output, 'predictions.jsonl');
  fs.writeFileSync(file, '{"file":"a.jpg"}\n{"file":');
  const run = { name: 'fold-1', number: 1, count: 2, seed: 0 };
  const lines = predictionLines('folds', [{ run, reused: true, result: { output } as never }]);
  await expect(lines.next()).rejects.toMatchObject({
    code: 'DATA_INVALID',
    message: expect.stringContaining(`${file} can't be read`),
  });
});

test('losses that were not finite, which JSON has as null, are NaN in what is read of a run', async () => {
  const { folder: run } = await makeRun(folder, 'diverged', { classes: ['a', 'b'], files: ['1.png', '2.png'] });
  const metrics = path.join(run, 'metrics.jsonl');
  fs.writeFileSync(metrics, fs.readFileSync(metrics, 'utf8').replace(/"(valLoss|loss)":[\d.]+/g, '"$1":null'));
  const { steps, epochs } = await readRun(run);
  expect(steps.every(({ loss }) => Number.isNaN(loss))).toBe(true);
  expect(epochs.every(({ valLoss, trainLoss }) => Number.isNaN(valLoss) && trainLoss > 0)).toBe(true);
});

test('text of others becomes one line, however much white space it has', () => {
  expect(oneLine(' a \r\n\n  b\n')).toBe('a b');
  // The square of this many steps would not come to an end.
  expect(oneLine(`a${' '.repeat(2_000_000)}b`)).toHaveLength(2_000_002);
});
