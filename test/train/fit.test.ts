import { openNativeBackend } from '../../lib/backend/native/backend';
import type { Backend, CropStore, TrainingSession } from '../../lib/backend/types';
import type { EpochRecord, StepRecord } from '../../lib/train/events';
import { fit, type FitOptions, type Progress } from '../../lib/train/fit';
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
  const last = (await session.stateDict()).map(({ data }) => Buffer.from(data).toString('base64'));
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
    const state = await withSession(draws, async (session) => {
      const abort = new AbortController();
      const onRecord = (record: Entry): void => {
        before.push(withoutTime(record));
        if (isLast(record)) abort.abort();
      };
      await expect(run(session, { signal: abort.signal, onRecord })).rejects.toMatchObject({ code: 'ABORTED' });
      return session.state();
    });
    const { epoch, step } = state.position;
    expect(step > 0).toBe(what === 'a step');

    const goneOn = await withSession(draws, async (session) => {
      await session.restore(state);
      const steps = before.filter(({ kind }) => kind === 'step').length;
      return run(session, {}, { epoch, stepsOfEpoch: step, steps, best: undefined, last: undefined, kept: undefined });
    });
    expect([...before, ...goneOn.records]).toEqual(whole.records);
    expect(goneOn).toMatchObject({ kept: whole.kept.filter((of) => of >= epoch), steps: whole.steps });
    expect(goneOn.logits).toEqual(whole.logits);
    expect(goneOn.last).toEqual(whole.last);
  },
);

test('a limit of steps ends a run within an epoch, which is validated all the same', async () => {
  const { records, steps } = await withSession('torch', (session) => run(session, { steps: 4, batchSize: 3 }));
  expect(steps).toBe(4);
  expect(records.map(({ kind }) => kind)).toEqual(['step', 'step', 'step', 'epoch', 'step', 'epoch']);
  const rates = records.flatMap((record) => (record.kind === 'step' ? [record.lr] : []));
  expect(rates).toEqual([0.05, 0.05 / 2, 0.05 / 3, 0.05 / 4]);
});
