import { TRAIN_OPTIONS } from '../../lib/options/train';
import { scratch } from '../cli/run';
import { TOGETHER, Trainer, type Changes, type How, type Outcome } from './same-twice';

// The same seed, machine and number of threads: the same bits, whatever else is different.

const tmp = scratch();
const [one, other] = ['one', 'other'].map((name) => new Trainer(`${tmp}/${name}`)) as [Trainer, Trainer];
afterAll(() => [one, other].forEach((trainer) => trainer.end()));

/** Trains in both processes, in one of them otherwise; gives what both came to. */
async function twice(changes: Changes, otherwise: Changes = {}, how?: How): Promise<Outcome> {
  const [first, second] = await Promise.all([one.outcome(changes), other.outcome({ ...changes, ...otherwise }, how)]);
  expect(second).toEqual(first);
  return first;
}

/** Options that change the weights by a clock, by a GPU or by several processes: what these do is tested elsewhere or not the same twice. */
const ELSEWHERE = ['maxTime', 'deterministic', 'syncBatchNorm'];
/** What each of the trainings has another value of than the defaults. */
const ALL = ['imageSize', 'epochs', 'lr'];
const BY_RECIPE = ['headEpochs', 'chooseLr'];

test('every option of train that changes how weights are trained is among those that are trained twice', () => {
  const tried = new Set(Object.values(TOGETHER).flatMap((changes) => Object.keys(changes)));
  const training = Object.entries(TRAIN_OPTIONS).flatMap(([name, { affects }]) =>
    affects === 'training' ? [name] : [],
  );
  const known = [...tried, ...ELSEWHERE, ...ALL, ...BY_RECIPE];
  expect(training.filter((name) => !known.includes(name))).toEqual([]);
});

const seen = new Map<string, Outcome>();
test.each(Object.entries(TOGETHER))('in two processes the same to the bit: %s', async (name, changes) => {
  seen.set(name, await twice(changes));
});

test('each of them came to other weights than the others', () => {
  expect(new Set([...seen.values()].map(({ last }) => last)).size).toBe(Object.keys(TOGETHER).length);
});

describe('what changes no bit', () => {
  /** Of frozen modules, features are kept; images are looked at again where windows are drawn. */
  const frozen: Changes = { trainFrom: 'layer4', draws: 'counter' };
  const windows: Changes = { cropScale: '0.35..1', steps: 3 };

  test('whether features are kept, in memory or on disk, and in which order folders are listed', async () => {
    await twice(frozen, { cacheMemory: '0', cacheDisk: '0' }, { backwards: true });
  });

  test('how many threads prepare batches, where images are held, and whether they are in the cache', async () => {
    const cache: Changes = { cropCache: '1GB', cacheDir: `${tmp}/crops`, cropMemory: '0' };
    await one.outcome({ ...frozen, ...cache, steps: 1 });
    const first = await twice(frozen, cache);
    expect(first).not.toEqual(await twice(windows, { augmentThreads: 3, cropMemory: '0' }));
  });
});

test('with two threads too, a run is the same each time', async () => {
  await twice({ threads: 2, steps: 3 });
});

test('so is one of the js backend', async () => {
  await twice({ backend: 'js', trainFrom: 'fc' });
});
