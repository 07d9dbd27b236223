import { createHash } from 'node:crypto';
import { openNativeBackend } from '../../lib/backend/native/backend';
import type { Backend, CropStore, TrainingSession } from '../../lib/backend/types';
import type { EpochRecord, StepRecord } from '../../lib/train/events';
import { fit, type FitOptions } from '../../lib/train/fit';
import { Patience } from '../../lib/train/patience';
import { START, type Progress } from '../../lib/train/progress';
import { fillStore, OPTIONS, TARGETS } from '../backend/images';
import { sessionWith } from '../made-weights';

const CROP = 64;
/** Of eight images, one a step: what stops a pass may come some steps late. */
const STEPS_PER_EPOCH = 8;
let backend: Backend;
let store: CropStore;
beforeAll(async () => {
  backend = await openNativeBackend();
  store = await fillStore(backend, CROP);
});
afterAll(() => store.close());

type Entry = StepRecord | EpochRecord;

/** All that `fit` tells, but for the time it took. */
async function run(session: TrainingSession, changes: Partial<FitOptions>, from?: Progress) {
  const records: Entry[] = [];
  const kept: number[] = [];
  const split = { store, targets: TARGETS };
  const options: FitOptions = {
    ...{ session, train: split, val: split, epochs: 3, batchSize: 1, steps: undefined, keepLeastLoss: true },
    // Falls from step to step.
    schedule: (done, steps) => Float64Array.from({ length: steps }, (_, i) => 0.05 / (1 + done + i)),
    signal: new AbortController().signal,
    onRecord: (record) => void records.push(withoutTime(record)),
    onBest: () => Promise.resolve(),
    onKept: (epoch) => void kept.push(epoch),
    ...changes,
  };
  const result = await fit(options, from);
  const last = (await session.stateDict()).map(({ data }) => createHash('sha256').update(data).digest('hex'));
  return { records, kept, steps: result.steps, logits: result.last.logits, last };
}

const withSession = async <T>(draws: 'torch' | 'counter', work: (session: TrainingSession) => Promise<T>) => {
  const session = await backend.createSession(sessionWith({ draws, momentum: 0.9 }, OPTIONS));
  try {
    return await work(session);
  } finally {
    await session.close();
  }
};

const withoutTime = (record: Entry): Entry => (record.kind === 'epoch' ? { ...record, seconds: 0 } : record);

test.each([
  ['torch', 'an epoch', (record: Entry) => record.kind === 'epoch'],
  ['torch', 'a step', (record: Entry) => record.kind === 'step' && record.step === 2],
  ['counter', 'a step', (record: Entry) => record.kind === 'step' && record.step === STEPS_PER_EPOCH + 3],
] as const)(
  'with draws of %s, a run that goes on after %s does what one without a break does',
  async (draws, what, isLast) => {
    const whole = await withSession(draws, (session) => run(session, {}));
    expect(whole.records.filter(({ kind }) => kind === 'step')).toHaveLength(3 * STEPS_PER_EPOCH);

    const before: Entry[] = [];
    const progress = { ...START };
    const state = await withSession(draws, async (session) => {
      const abort = new AbortController();
      const onRecord = (record: Entry): void => {
        before.push(withoutTime(record));
        if (isLast(record)) abort.abort();
      };
      await expect(run(session, { signal: abort.signal, onRecord }, progress)).rejects.toMatchObject({
        code: 'ABORTED',
      });
      return session.state();
    });
    const { epoch, step } = state.position;
    expect(progress).toMatchObject({ epoch, stepsOfEpoch: step });
    expect(step > 0).toBe(what === 'a step');

    const goneOn = await withSession(draws, async (session) => {
      await session.restore(state);
      return run(session, {}, progress);
    });
    expect([...before, ...goneOn.records]).toEqual(whole.records);
    expect(goneOn).toMatchObject({ kept: whole.kept.filter((of) => of >= epoch), steps: whole.steps });
    expect(goneOn.logits).toEqual(whole.logits);
    expect(goneOn.last).toEqual(whole.last);
  },
);

test('a run that is stopped in validation goes on with it', async () => {
  const whole = await withSession('torch', (session) => run(session, {}));
  const progress = { ...START };
  const before: Entry[] = [];
  const state = await withSession('torch', async (session) => {
    const abort = new AbortController();
    const stopping: Pick<TrainingSession, 'evaluate' | 'trainEpoch' | 'cancel' | 'stateDict'> = {
      trainEpoch: (options, onStep) => session.trainEpoch(options, onStep),
      stateDict: () => session.stateDict(),
      cancel: () => session.cancel(),
      evaluate: (options, onBatch) => {
        abort.abort();
        session.cancel();
        return session.evaluate(options, onBatch);
      },
    };
    const onRecord = (record: Entry): void => void before.push(record);
    await expect(run(stopping as TrainingSession, { signal: abort.signal, onRecord }, progress)).rejects.toMatchObject({
      code: 'ABORTED',
    });
    return session.state();
  });
  expect(progress).toMatchObject({ epoch: 1, stepsOfEpoch: STEPS_PER_EPOCH, trained: { images: STEPS_PER_EPOCH } });
  const goneOn = await withSession('torch', async (session) => {
    await session.restore(state);
    return run(session, {}, progress);
  });
  expect([...before, ...goneOn.records]).toEqual(whole.records);
  expect(goneOn.last).toEqual(whole.last);
});

test('a run that another process has stopped ends with a progress that says where the session is', async () => {
  const progress = { ...START };
  const state = await withSession('torch', async (session) => {
    const stopping: Pick<TrainingSession, 'trainEpoch' | 'cancel'> = {
      trainEpoch: async (options, onStep) => {
        const result = await session.trainEpoch(options, (event) => {
          onStep(event);
          session.cancel();
        });
        return { ...result, stoppedElsewhere: true };
      },
      cancel: () => session.cancel(),
    };
    await expect(run(stopping as TrainingSession, {}, progress)).rejects.toMatchObject({ code: 'ABORTED' });
    return session.state();
  });
  const { epoch, step } = state.position;
  expect(step).toBeGreaterThan(0);
  expect(progress).toMatchObject({ epoch, stepsOfEpoch: step, steps: step });
});

/** A run that was stopped after the third step of its second epoch: where it stands, and the session's state. */
async function stoppedInSecondEpoch() {
  const progress = { ...START };
  const state = await withSession('torch', async (session) => {
    const abort = new AbortController();
    const onRecord = (record: Entry): void => {
      if (record.kind === 'step' && record.step === STEPS_PER_EPOCH + 3) abort.abort();
    };
    await expect(run(session, { signal: abort.signal, onRecord }, progress)).rejects.toMatchObject({ code: 'ABORTED' });
    return session.state();
  });
  return { progress, state };
}

test('a run that is made shorter than it is already ends with figures of the weights that it has', async () => {
  const { progress, state } = await stoppedInSecondEpoch();
  await withSession('torch', async (session) => {
    await session.restore(state);
    const ended = await run(session, { epochs: 1 }, progress);
    const { logits, loss: valLoss } = await session.evaluate({ store, targets: TARGETS, batchSize: 1 }, () => {});
    const { images, loss, correct } = state.position;
    const trained = { trainLoss: loss / images, trainAccuracy: correct / images };
    expect(ended.records).toEqual([expect.objectContaining({ kind: 'epoch', epoch: 2, ...trained, valLoss })]);
    expect(ended.logits).toEqual(logits);
    expect(progress.last?.steps).toBe(state.position.step + STEPS_PER_EPOCH);
    // Once: it is as complete as it will be.
    expect(await run(session, { epochs: 1 }, progress)).toMatchObject({ records: [] });
  });
});

test('so does one that is given less patience than it has waited already', async () => {
  const { progress, state } = await stoppedInSecondEpoch();
  // What its last epoch comes to is better, and changes nothing of it.
  progress.waiting = { epochs: 1, accuracy: -1, loss: 0 };
  await withSession('torch', async (session) => {
    await session.restore(state);
    const impatient = { patience: { epochs: 1, minDelta: 0 } };
    const ended = await run(session, impatient, progress);
    const { logits, loss: valLoss } = await session.evaluate({ store, targets: TARGETS, batchSize: 1 }, () => {});
    expect(ended.records).toEqual([expect.objectContaining({ kind: 'epoch', epoch: 2, valLoss })]);
    expect(ended.logits).toEqual(logits);
    expect(ended.steps).toBe(state.position.step + STEPS_PER_EPOCH);
  });
});

test('weights that a run of another length kept are none of the last fifth', async () => {
  const progress = { ...START };
  await withSession('torch', async (session) => {
    await run(session, { epochs: 1 }, progress);
    // Less than any that comes.
    const { kept, ...state } = await session.state();
    await session.restore({ ...state, kept: kept && { ...kept, loss: 0 } });
    expect(progress.kept?.step).toBeGreaterThan(0.8 * STEPS_PER_EPOCH);
    await run(session, { epochs: 3 }, progress);
    expect(progress.kept?.step).toBeGreaterThan(0.8 * 3 * STEPS_PER_EPOCH);
  });
});

test('pauses change nothing, and in each the session is where the progress says', async () => {
  const whole = await withSession('torch', (session) => run(session, {}));
  const positions: [epoch: number, step: number][] = [];
  const paused = await withSession('torch', (session) =>
    run(session, {
      pauses: {
        stepsLeft: ({ steps }) => 3 - (steps % 3),
        isDue: () => false,
        pause: async ({ epoch, stepsOfEpoch }) => {
          const { position } = await session.state();
          expect([position.epoch, position.step]).toEqual([epoch, stepsOfEpoch]);
          positions.push([epoch, stepsOfEpoch]);
        },
      },
    }),
  );
  expect({ ...paused, kept: [] }).toEqual({ ...whole, kept: [] });
  // Of 24 steps after every third, and after each of the three epochs.
  expect(positions).toEqual([
    ...[[1, 3], [1, 6], [2, 0]],
    ...[[2, 1], [2, 4], [2, 7], [3, 0]],
    ...[[3, 2], [3, 5], [4, 0]],
  ]); // prettier-ignore
});

test('a pause that is due ends the pass', async () => {
  const whole = await withSession('torch', (session) => run(session, {}));
  let pauses = 0;
  const due = await withSession('torch', (session) =>
    run(session, {
      pauses: {
        stepsLeft: () => Infinity,
        isDue: () => true,
        pause: () => {
          pauses++;
          return Promise.resolve();
        },
      },
    }),
  );
  expect({ ...due, kept: [] }).toEqual({ ...whole, kept: [] });
  expect(pauses).toBeGreaterThan(3);
});

test('patience counts the epochs that do not get better, across a break too', async () => {
  // With a rate of 0 only the batch norms move.
  const still = {
    epochs: 9,
    patience: { epochs: 2, minDelta: 1 },
    schedule: (_done: number, steps: number) => new Float64Array(steps),
  };
  const whole = await withSession('torch', (session) => run(session, still));
  expect(whole.records.filter(({ kind }) => kind === 'epoch')).toHaveLength(3);

  const progress = { ...START };
  await withSession('torch', async (session) => {
    await run(session, { ...still, epochs: 2 }, progress);
    expect(progress.waiting?.epochs).toBe(1);
    const { records } = await run(session, still, progress);
    expect(records.filter(({ kind }) => kind === 'epoch')).toHaveLength(1);
  });
});

test('a run that is given patience later has to get better than its best epoch', () => {
  const record = (epoch: number, valAccuracy: number): EpochRecord => ({
    ...{ kind: 'epoch', epoch, trainLoss: 1, trainAccuracy: 1, valLoss: 1, valAccuracy, seconds: 1 },
  });
  const validated = (of: EpochRecord) => ({ record: of, logits: new Float32Array() });
  const progress: Progress = { ...START, epoch: 3, best: validated(record(1, 0.9)), last: validated(record(2, 0.5)) };
  const patience = new Patience({ epochs: 2, minDelta: 0 }, progress);
  expect(patience.isOver).toBe(false);
  patience.see(record(3, 0.6));
  patience.see(record(4, 0.7));
  expect(patience.isOver).toBe(true);
});

test('a loss that is not finite ends it', async () => {
  const records: Entry[] = [];
  const failing = withSession('torch', (session) =>
    run(session, {
      schedule: (_done, steps) => new Float64Array(steps).fill(1e300),
      onRecord: (record) => void records.push(record),
    }),
  );
  await expect(failing).rejects.toMatchObject({
    code: 'TRAINING_DIVERGED',
    message: expect.stringMatching(/^The (loss of step \d+|validation loss of epoch 1) is not finite$/) as string,
  });
  expect(records.length).toBeLessThanOrEqual(STEPS_PER_EPOCH + 1);
});

test('a limit of steps ends a run within an epoch, which is validated all the same', async () => {
  const { records, steps } = await withSession('torch', (session) => run(session, { steps: 4, batchSize: 3 }));
  expect(steps).toBe(4);
  expect(records.map(({ kind }) => kind)).toEqual(['step', 'step', 'step', 'epoch', 'step', 'epoch']);
  const rates = records.flatMap((record) => (record.kind === 'step' ? [record.lr] : []));
  expect(rates).toEqual([0.05, 0.05 / 2, 0.05 / 3, 0.05 / 4]);
});
