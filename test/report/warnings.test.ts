import { warningsOf } from '../../lib/report/warnings';
import { readRun } from '../../lib/report/read-run';
import { scratch } from '../cli/run';
import { makeRun } from './made-run';

const tmp = scratch();

test('a validation loss that was not finite hides no rise of those after it', async () => {
  const { folder } = await makeRun(tmp, 'run', { classes: ['a', 'b'], files: ['1.png'], epochs: 6 });
  const run = await readRun(folder);
  const losses = [NaN, 0.5, 0.6, 0.7, 0.8, 0.9];
  const epochs = run.epochs.map((one, i) => ({ ...one, valLoss: losses[i] ?? 0, trainLoss: 0.5 - i / 100 }));
  expect(warningsOf({ ...run, epochs })).toContainEqual(expect.stringMatching(/After epoch 2 .*memorise/));
});
