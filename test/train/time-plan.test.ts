import type { TrainingSession } from '../../lib/backend/types';
import { resolveTrainOptions } from '../../lib/options';
import type { TrainEvent } from '../../lib/train/events';
import type { Split } from '../../lib/train/fit';
import { planForTime, withinTime } from '../../lib/train/time-plan';
import { measurePace } from '../../lib/train/trial';

/** A session that does everything at once, so that any time is enough. */
const session = {
  state: () => Promise.resolve({ position: { epoch: 1 } }),
  restore: () => Promise.resolve(),
  trainEpoch: () => Promise.resolve({}),
  evaluate: () => Promise.resolve({}),
} as unknown as TrainingSession;
const images = (count: number): Split => ({ store: {} as Split['store'], targets: new Int32Array(count) });

test.each([
  [{}, '25 epochs'],
  [{ steps: 5 }, '5 of the 10 steps of an epoch'],
  [{ steps: 15 }, '15 steps in 2 epochs'],
  [{ steps: 20 }, '2 epochs'],
  [{ steps: 1000, epochs: 1 }, '1 epoch'],
])('a run of %j is planned no longer than it is, and stays as it is where all of it fits', async (given, what) => {
  const notes: TrainEvent[] = [];
  const options = resolveTrainOptions({ data: 'a', batchSize: 4, epochs: 25, maxTime: '1h', ...given });
  const trial = { session, train: images(40), val: images(8), batchSize: 4, accumulate: 1, groups: 1 };
  const planned = await withinTime(
    options,
    trial,
    () => 0,
    (event) => notes.push(event),
  );
  expect(notes).toEqual([{ kind: 'note', note: `planned for 1h: ${what}, in about 1 s` }]);
  expect(planned).toEqual(options);
});

describe('by a clock of its own', () => {
  let now = 0;
  /** The first time each image takes five times as long. */
  let times = 0;
  const clocked: TrainingSession = {
    ...session,
    evaluate: ({ targets }) => {
      now += (times++ === 0 ? 0.05 : 0.01) * 1000 * targets.length;
      return Promise.resolve({ loss: 0, accuracy: 0 } as never);
    },
  };
  beforeEach(() => {
    times = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => jest.restoreAllMocks());

  test.each([
    [{ trainFrom: 'layer4' }, '31 epochs, in about 3 s'],
    [{ trainFrom: 'layer4', headEpochs: 3 }, '3 epochs, in about 1 s, after about 2 s of the head alone'],
    [{ trainFrom: 'conv1' }, '35 epochs, in about 3 s'],
    [{ trainFrom: 'conv1', headEpochs: 3 }, '29 epochs, in about 2 s, after about 1 s of the head alone'],
  ] as const)('what is computed once is counted, and the epochs of the head: %j', async (given, what) => {
    const notes: TrainEvent[] = [];
    const options = resolveTrainOptions({ data: 'a', batchSize: 4, epochs: 100, maxTime: '3s', ...given });
    const trial = { session: clocked, train: images(40), val: images(8), batchSize: 4, accumulate: 1, groups: 1 };
    await withinTime(
      options,
      trial,
      () => 0,
      (event) => notes.push(event),
    );
    expect(notes).toEqual([{ kind: 'note', note: `planned for 3s: ${what}` }]);
  });
});

test('a trial is stopped within a batch, and the session is as it was', async () => {
  const stop = new AbortController();
  const done: string[] = [];
  let end = (): void => {};
  const endless = {
    ...session,
    // Of many batches, until it is told to stop.
    trainEpoch: () => new Promise((resolve) => (end = () => resolve({}))),
    cancel: () => {
      done.push('cancelled');
      end();
    },
    restore: () => Promise.resolve(void done.push('restored')),
  } as unknown as TrainingSession;
  const run = { session: endless, train: images(40), val: images(8), batchSize: 4, accumulate: 1, groups: 1 };
  const measuring = measurePace({ ...run, signal: stop.signal });
  setTimeout(() => stop.abort(), 10);
  await expect(measuring).rejects.toMatchObject({ code: 'ABORTED' });
  expect(done).toEqual(['cancelled', 'restored']);
});

test.each([
  // An epoch takes 11 s, and 95 in 100 of the time are planned for.
  ['whole epochs', 50, 1000, { steps: 40, epochs: 4, seconds: 44 }],
  ['a limit within an epoch, where all fits', 50, 35, { steps: 35, epochs: 4, seconds: 39 }],
  ['whole epochs where it does not', 40, 35, { steps: 30, epochs: 3, seconds: 33 }],
  ['no epoch of two', 20, 19, { steps: 10, epochs: 1, seconds: 11 }],
  ['a part of the first epoch', 8, 1000, { steps: 6, epochs: 1, seconds: 7 }],
  ['less of it, by a limit', 8, 4, { steps: 4, epochs: 1, seconds: 5 }],
  ['one step at least', 0, 1000, { steps: 1, epochs: 1, seconds: 2 }],
])('what fits: %s', (_what, seconds, wanted, plan) => {
  const pace = { step: 1, valImage: 0.1 };
  const run = { seconds, stepsPerEpoch: 10, valImages: 10, wanted };
  expect(planForTime(run, { first: pace, later: pace })).toEqual(plan);
});

test('what is computed once is computed twice, for images and their mirrored ones', () => {
  const first = { step: 2, valImage: 0 };
  const later = { step: 1, valImage: 0 };
  const of = (wanted: number) =>
    planForTime({ seconds: 1e6, stepsPerEpoch: 10, valImages: 0, wanted }, { first, later });
  expect([10, 15, 20, 30].map((wanted) => of(wanted).seconds)).toEqual([20, 30, 40, 50]);
});
