import { setTimeout } from 'node:timers/promises';
import { openNativeBackend } from '../../lib/backend/native/backend';
import type { AdamWRecipe } from '../../lib/backend/recipe';
import type { Backend, CropStore, EpochResult, SessionState, StepEvent, StepsComputed } from '../../lib/backend/types';
import { buildNetwork } from '../../lib/network/architecture';
import { difference, fillStore, TARGETS } from '../backend/images';
import { rates, sessionWith, type SessionChanges } from '../made-weights';
import { slowRows, slowTest } from '../slow';

const CROP = 48;
const EPOCHS = 2;
const ADAMW: AdamWRecipe = { kind: 'adamw', beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1 };
const SMOOTHED = { kind: 'cross-entropy', labelSmoothing: 0.1, classWeights: Float64Array.of(2, 0.5) } as const;

let backend: Backend;
let store: CropStore;
beforeAll(async () => {
  backend = await openNativeBackend();
  store = await fillStore(backend, CROP);
});
afterAll(() => store.close());

interface Trained {
  steps: StepEvent[];
  results: EpochResult[];
  state: SessionState;
  computed: StepsComputed;
}

/** Two epochs of eight images; with `batchSize` 3 each ends with a smaller batch. */
async function train(changes: SessionChanges, batchSize = 2, accumulate = 1): Promise<Trained> {
  const base = { network: buildNetwork('resnet18', 2), precision: 'fp64' as const, threads: 1 };
  const session = await backend.createSession(sessionWith({ ...base, ...changes }));
  try {
    const steps: StepEvent[] = [];
    const results: EpochResult[] = [];
    const count = Math.ceil(TARGETS.length / (batchSize * accumulate));
    for (let epoch = 1; epoch <= EPOCHS; epoch++) {
      const learningRates = Float64Array.from({ length: count }, (_, i) => 0.02 / (epoch + i));
      const pass = { store, targets: TARGETS, batchSize, accumulate, epoch, keepFrom: 0, learningRates };
      results.push(await session.trainEpoch(pass, (event) => steps.push(event)));
    }
    return { steps, results, state: await session.state(), computed: session.stepsComputed?.() as StepsComputed };
  } finally {
    await session.close();
  }
}

/** The greatest difference of any tensor, relative to the greatest value of that tensor. */
function apart(a: SessionState, b: SessionState): number {
  const tensors = (state: SessionState) => [...state.model, ...state.optimizer, ...state.ema];
  const others = tensors(b);
  expect(tensors(a).map(({ name }) => name)).toEqual(others.map(({ name }) => name));
  return Math.max(
    ...tensors(a).map((tensor, i) => {
      const other = others[i];
      if (tensor.dtype !== 'F64' || other === undefined) return 0;
      const values = (of: { data: Uint8Array }) =>
        new Float64Array(of.data.buffer.slice(of.data.byteOffset, of.data.byteOffset + of.data.byteLength));
      return difference(values(tensor), values(other));
    }),
  );
}

const ALL_AT_ONCE: SessionChanges = { optimizer: ADAMW, clipGrad: 0.5, ema: 0.7, loss: SMOOTHED };

const RECIPES: [string, SessionChanges, number, number][] = [
  ['AdamW, clipped, averaged, smoothed, a smaller last batch', ALL_AT_ONCE, 3, 1],
  ['the head alone', { trainFrom: 'fc', loss: SMOOTHED }, 2, 1],
  ...slowRows<[string, SessionChanges, number, number]>(
    ['a smaller last batch', { momentum: 0.9, nesterov: true, weightDecay: 1e-3 }, 3, 1],
    ['AdamW, clipped, averaged, smoothed', ALL_AT_ONCE, 2, 1],
    ['batches that are added up', { loss: SMOOTHED }, 2, 2],
    ['a part of the network', { trainFrom: 'layer3', momentum: 0.9 }, 2, 1],
    ['SGD', { momentum: 0.9 }, 2, 1],
    ['mixed images', { augment: [{ kind: 'mixup', alpha: 0.4 }], draws: 'counter' }, 2, 1],
  ),
];

/** Those that recording treats differently. */
const RECORDED = new Set([
  'AdamW, clipped, averaged, smoothed, a smaller last batch',
  'a smaller last batch',
  'AdamW, clipped, averaged, smoothed',
  'batches that are added up',
]);

test.each(RECIPES)('%s: the pass that is written out trains as autograd does', async (what, changes, size, several) => {
  const expected = await train(changes, size, several);
  const made = await train({ ...changes, explicitPass: true }, size, several);
  expect(expected.computed).toEqual({ explicitly: false, recorded: false, reason: '' });
  expect(made.computed).toEqual({ explicitly: true, recorded: false, reason: '' });
  const losses = (of: Trained) => of.steps.map(({ loss }) => loss);
  expect(difference(losses(made), losses(expected))).toBeLessThan(1e-9);
  expect(made.steps.map(({ correct }) => correct)).toEqual(expected.steps.map(({ correct }) => correct));
  expect(apart(made.state, expected.state)).toBeLessThan(1e-9);
  if (!RECORDED.has(what)) return;
  // A GPU records full batches of one step; here the same is done without a graph, and comes to the same bits.
  const recorded = await train({ ...changes, recordSteps: true }, size, several);
  expect(recorded.computed).toEqual({ explicitly: true, recorded: several === 1, reason: '' });
  expect(recorded.steps).toEqual(made.steps);
  expect(recorded.results.map((result) => ({ ...result, waitedSeconds: 0 }))).toEqual(
    made.results.map((result) => ({ ...result, waitedSeconds: 0 })),
  );
  expect(apart(recorded.state, made.state)).toBe(0);
});

test('trying it leaves weights and random numbers as they were', async () => {
  const network = buildNetwork('resnet18', 2);
  const states: SessionState[] = [];
  for (const explicitPass of [false, true]) {
    const session = await backend.createSession(sessionWith({ network, threads: 1, explicitPass }));
    expect(session.stepsComputed?.()).toEqual({ explicitly: explicitPass, recorded: false, reason: '' });
    states.push(await session.state());
    await session.close();
  }
  const [plain, tried] = states.map(({ model, ...others }) => ({
    ...others,
    model: model.map(({ data, ...tensor }) => ({ ...tensor, data: Buffer.from(data).toString('base64') })),
  }));
  expect(tried).toEqual(plain);
});

slowTest('steps that another thread did before do not count as those that come before a recording', async () => {
  const network = buildNetwork('resnet18', 2);
  const session = await backend.createSession(sessionWith({ network, threads: 1, recordSteps: true }));
  const pass = { store, targets: TARGETS, batchSize: 2, accumulate: 1, epoch: 1 };
  await session.trainEpoch({ ...pass, ...rates(0.01, 3) }, () => {});
  // Threads end after five seconds without work, and the next one has what the system called the last.
  await setTimeout(7000);
  await session.trainEpoch({ ...pass, ...rates(0.01, 1) }, () => {});
  expect(session.stepsComputed?.()).toEqual({ explicitly: true, recorded: false, reason: '' });
  await session.trainEpoch({ ...pass, epoch: 2, ...rates(0.01, 4) }, () => {});
  expect(session.stepsComputed?.()).toEqual({ explicitly: true, recorded: true, reason: '' });
  await session.close();
});

test('what is recorded are full batches, also where the last one of an epoch comes when a recording is due', async () => {
  // Five images, three, five, three: the fourth step is one of three.
  const plain = await train({ explicitPass: true }, 5);
  const made = await train({ explicitPass: true, recordSteps: true }, 5);
  expect(made.computed).toEqual({ explicitly: true, recorded: false, reason: '' });
  expect(apart(made.state, plain.state)).toBe(0);
});
