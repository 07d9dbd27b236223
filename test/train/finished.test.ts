import fs from 'node:fs';
import path from 'node:path';
import type { RunConfig, TrainResult } from '../../lib/report/records';
import { finishedResult } from '../../lib/train/resume';
import { scratch } from '../cli/run';
import { makeRun } from '../report/made-run';

// Whether a run that has come to its end is made longer by what is given anew. Those made here have three steps an epoch.

const tmp = scratch();

interface Length {
  epochs: number;
  steps?: number;
  patience?: number;
  minDelta?: number;
}

/** What a run came to; `waited` is missing of an older one. */
interface Done {
  epochs: number;
  steps: number;
  waited?: number;
}

/** Whether a run of `was`, which came to `done`, is to be trained further as one of `now`. */
async function isLonger(was: Length, done: Done, now: Partial<Length>) {
  const { folder } = await makeRun(tmp, fs.mkdtempSync(path.join(tmp, 'run-')).slice(tmp.length), {
    ...{ classes: ['ants', 'bees'], files: ['0.png'] },
  });
  const read = <T>(name: string): T => JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')) as T;
  fs.writeFileSync(path.join(folder, 'result.json'), JSON.stringify({ ...read<TrainResult>('result.json'), ...done }));
  const config = read<RunConfig>('config.json');
  config.options = { ...config.options, ...was };
  const options = { ...config.options, ...now };
  return (await finishedResult({ folder, config, options, named: undefined })) === undefined;
}

const TWO_WAITED_ONE = { epochs: 2, steps: 6, waited: 1 };
const SIX = { epochs: 6, steps: 18 };
/** Its patience was made less when it had waited for longer already. */
const WAITED_MORE = { epochs: 30, patience: 2 };
const MORE = { epochs: 12, patience: 4 };

test.each<[string, Length, Done, Partial<Length>, boolean]>([
  ['more epochs', { epochs: 2 }, { epochs: 2, steps: 6 }, { epochs: 3 }, true],
  ['the same', { epochs: 2 }, { epochs: 2, steps: 6 }, {}, false],
  ['fewer epochs', { epochs: 2 }, { epochs: 2, steps: 6 }, { epochs: 1 }, false],
  ['more steps, which ended it', { epochs: 50, steps: 2 }, { epochs: 1, steps: 2 }, { steps: 4 }, true],
  ['more epochs, where steps ended it', { epochs: 50, steps: 2 }, { epochs: 1, steps: 2 }, { epochs: 60 }, false],
  ['more epochs, where both did', { epochs: 1, steps: 3 }, { epochs: 1, steps: 3 }, { epochs: 2 }, false],
  ['more of both', { epochs: 1, steps: 3 }, { epochs: 1, steps: 3 }, { epochs: 2, steps: 6 }, true],
  ['more steps, where epochs ended it', { epochs: 1, steps: 100 }, { epochs: 1, steps: 3 }, { steps: 200 }, false],
  ['more epochs within the steps', { epochs: 1, steps: 100 }, { epochs: 1, steps: 3 }, { epochs: 2 }, true],
  ['more steps of its last epoch', { epochs: 1, steps: 2 }, { epochs: 1, steps: 2 }, { steps: 3 }, true],
  ['more epochs, where patience ended it', { epochs: 30, patience: 1 }, TWO_WAITED_ONE, { epochs: 60 }, false],
  ['more patience', { epochs: 30, patience: 1 }, TWO_WAITED_ONE, { patience: 2 }, true],
  ['more patience than was given, but not than it had', WAITED_MORE, { ...SIX, waited: 4 }, { patience: 4 }, false],
  ['more patience than it had', WAITED_MORE, { ...SIX, waited: 4 }, { patience: 5 }, true],
  ['a rise of less, where patience ended it', { ...WAITED_MORE, minDelta: 1 }, SIX, { minDelta: 0.5 }, false],
  ['more epochs, where both ended it', { epochs: 6, patience: 2 }, { ...SIX, waited: 2 }, { epochs: 12 }, false],
  ['more of both patience and epochs', { epochs: 6, patience: 2 }, { ...SIX, waited: 2 }, MORE, true],
  ['more epochs, of a run that did not wait', { epochs: 6, patience: 2 }, { ...SIX, waited: 1 }, { epochs: 12 }, true],
  ['more epochs of an older run that patience ended', { epochs: 30, patience: 2 }, SIX, { epochs: 60 }, false],
  ['more patience of an older run', { epochs: 30, patience: 2 }, SIX, { patience: 3 }, true],
  ['patience for the first time', { epochs: 6 }, SIX, { epochs: 12, patience: 2 }, true],
])('%s', async (_, was, done, now, expected) => expect(await isLonger(was, done, now)).toBe(expected));

test('of a run that was moved, or copied, the result names the folder in which it is now', async () => {
  const made = { classes: ['ants', 'bees'], files: ['0.png'] };
  const { folder } = await makeRun(tmp, 'before', made);
  const copy = path.join(tmp, 'copy');
  fs.cpSync(folder, copy, { recursive: true });
  const config = JSON.parse(fs.readFileSync(path.join(copy, 'config.json'), 'utf8')) as RunConfig;
  const result = await finishedResult({ folder: copy, config, options: config.options, named: undefined });
  expect(result?.output).toBe(copy);
});
