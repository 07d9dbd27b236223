import type { Backend, CropStore, SessionOptions, TrainingSession } from '../../lib/backend/types';
import { conducted } from '../../lib/team/conductor';
import type { Command, Team } from '../../lib/team/team';

// Between a call of a session and its pass the others are told, which takes a while where one of them is slow.

/**
 * A conducted session on a made-up backend, and what is done with it; `onTell` is called while the others are told.
 *
 * @param stoppedElsewhere whether another process ends each pass
 */
async function conductedSession(
  onTell: (command: Command, session: TrainingSession) => void,
  stoppedElsewhere = false,
) {
  const done: string[] = [];
  const told: Command[] = [];
  const pass = (name: string) => () => {
    done.push(name);
    return Promise.resolve({ steps: 3, cancelled: stoppedElsewhere || done.at(-1) === 'cancel' });
  };
  const own = {
    ...{ trainEpoch: pass('train'), evaluate: pass('evaluate') },
    cancel: () => void done.push('cancel'),
  };
  const newStore = () => ({ count: 1, size: 1, close: () => void done.push('close') }) as unknown as CropStore;
  const backend = { createCropStore: newStore, createSession: () => Promise.resolve(own) };
  const team = {
    place: { localWorld: 1 },
    tell: async (command: Command) => {
      await new Promise(setImmediate);
      told.push(command);
      if (command.call === 'trainEpoch' || command.call === 'evaluate') onTell(command, session);
    },
    publish: () => Promise.resolve(),
    allDone: () => Promise.resolve(),
    guard: (work: () => Promise<unknown>) => work(),
  };
  const made = conducted(backend as unknown as Backend, team as unknown as Team, '');
  const options = { cacheMemory: 0, cacheDisk: 0 } as SessionOptions;
  const session = await made.createSession(options);
  const createStore = () => made.createCropStore(1, 1);
  return { session, store: createStore(), createStore, done, told };
}

const PASS = { targets: Int32Array.of(0), batchSize: 1 };
const TRAIN = { ...PASS, accumulate: 1, epoch: 1, learningRates: Float64Array.of(1), keepFrom: 0 };

test('a session that is stopped while the others are told of a pass stops the pass', async () => {
  const { session, store, done } = await conductedSession((_, own) => own.cancel());
  await session.trainEpoch({ ...TRAIN, store }, () => {});
  expect(done).toEqual(['cancel', 'train', 'cancel']);
  await session.evaluate({ ...PASS, store }, () => {});
  expect(done.slice(3)).toEqual(['cancel', 'evaluate', 'cancel']);
});

test('one that was stopped before is not', async () => {
  const { session, store, done } = await conductedSession(() => {});
  session.cancel();
  await session.trainEpoch({ ...TRAIN, store }, () => {});
  await session.evaluate({ ...PASS, store }, () => {});
  expect(done).toEqual(['cancel', 'train', 'evaluate']);
});

test('a pass that another process has stopped says so, with what it came to until then', async () => {
  const { session, store } = await conductedSession(() => {}, true);
  const stopped = await session.trainEpoch({ ...TRAIN, store }, () => {});
  expect(stopped).toEqual({ steps: 3, cancelled: true, stoppedElsewhere: true });
});

test('the others close a store that is closed here, once they had it open', async () => {
  const { session, store, createStore, done, told } = await conductedSession(() => {});
  const [head, unused] = [createStore(), createStore()];
  await session.evaluate({ ...PASS, store: head }, () => {});
  head.close();
  head.close();
  unused.close();
  expect(done).toEqual(['evaluate', 'close', 'close', 'close']);
  await session.evaluate({ ...PASS, store }, () => {});
  await session.evaluate({ ...PASS, store }, () => {});
  const ofStores = told.filter(({ call }) => call === 'open' || call === 'closeStore');
  expect(ofStores).toEqual([
    { call: 'open', store: 1 },
    { call: 'closeStore', store: 1 },
    { call: 'open', store: 0 },
  ]);
});
