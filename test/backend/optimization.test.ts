import { openJsBackend } from '../../lib/backend/js/backend';
import { openNativeBackend } from '../../lib/backend/native/backend';
import type { AdamWRecipe } from '../../lib/backend/recipe';
import type {
  Backend,
  CropStore,
  EpochResult,
  StepEvent,
  TrainEpochOptions,
  TrainingSession,
} from '../../lib/backend/types';
import { buildNetwork } from '../../lib/network/architecture';
import type { SessionChanges } from '../made-weights';
import { slowRows, slowTest } from '../slow';
import { withSession } from './sessions';
import { difference, fillStore, floats, TARGETS } from './images';

const CROP = 48;
const ignore = (): void => {};
const ADAMW: AdamWRecipe = { kind: 'adamw', beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1 };

const backends: Record<'native' | 'js', () => Promise<Backend>> = { native: openNativeBackend, js: openJsBackend };
const NAMES = ['native', 'js'] as const;
const opened = new Map<string, { backend: Backend; store: CropStore }>();
beforeAll(async () => {
  for (const name of NAMES) {
    const backend = await backends[name]();
    opened.set(name, { backend, store: await fillStore(backend, CROP) });
  }
});
afterAll(() => opened.forEach(({ store }) => store.close()));

const of = (name: string) => opened.get(name) as { backend: Backend; store: CropStore };

/** All that a recipe can have beside the tutorial's. */
const EVERYTHING: SessionChanges = {
  ...{ optimizer: ADAMW, decayNormBias: false, clipGrad: 0.5, ema: 0.7, sampling: 'balanced', draws: 'counter' },
  loss: { kind: 'cross-entropy', labelSmoothing: 0.1, classWeights: Float64Array.of(2, 0.5) },
};
const NAMED: [string, SessionChanges][] = [
  ['everything', EVERYTHING],
  ['SGD with an average', { ema: 0.5, momentum: 0.9 }],
];

function pass(name: string, changes: Partial<TrainEpochOptions>): TrainEpochOptions {
  const { store } = of(name);
  const options = { store, targets: TARGETS, batchSize: 2, accumulate: 2, epoch: 1, keepFrom: 1 };
  const learningRates = Float64Array.of(0.02, 0.01);
  return { ...options, learningRates, momenta: Float64Array.of(0.8, 0.9), ...changes };
}

const tensorsOf = async (session: TrainingSession) =>
  (await session.stateDict()).map(({ name, data }) => [name, Buffer.from(data).toString('base64')]);

describe.each(NAMES)('%s', (name) => {
  test.each(NAMED)('%s: a session that is given the state of another goes on to the bit', async (_what, changes) => {
    const { backend } = of(name);
    const goOn = async (session: TrainingSession): Promise<unknown> => {
      const steps: StepEvent[] = [];
      const rest = { learningRates: Float64Array.of(0.01), momenta: Float64Array.of(0.9) };
      await session.trainEpoch(pass(name, rest), (event) => steps.push(event));
      await session.trainEpoch(pass(name, { epoch: 2 }), (event) => steps.push(event));
      const evaluated = await session.evaluate({ store: of(name).store, targets: TARGETS, batchSize: 4 }, ignore);
      return { steps, evaluated, tensors: await tensorsOf(session) };
    };
    const first = { learningRates: Float64Array.of(0.02), momenta: Float64Array.of(0.8) };
    const [expected, state] = await withSession(backend, changes, async (session) => {
      await session.trainEpoch(pass(name, first), ignore);
      const state = await session.state();
      return [await goOn(session), state];
    });
    expect(state.ema.map((tensor) => tensor.name)).toEqual(['fc.weight', 'fc.bias']);
    const made = await withSession(backend, changes, async (session) => {
      await session.trainEpoch(pass(name, first), ignore);
      await session.restore(state);
      return goOn(session);
    });
    expect(made).toEqual(expected);
  });

  test('averages are what is validated, kept and given out; new weights begin them anew', async () => {
    const { backend } = of(name);
    await withSession(backend, { ema: 0.5, momentum: 0 }, async (session) => {
      await session.trainEpoch(pass(name, { keepFrom: 0 }), ignore);
      const { model, ema } = await session.state();
      const bias = (tensors: { name: string; data: Uint8Array }[]) =>
        Buffer.from(tensors.find((tensor) => tensor.name === 'fc.bias')?.data ?? []).toString('hex');
      expect(bias(await session.stateDict())).toBe(bias(ema));
      expect(bias(ema)).not.toBe(bias(model));
      const evaluate = () => session.evaluate({ store: of(name).store, targets: TARGETS, batchSize: 4 }, ignore);
      const averaged = await evaluate();
      await session.loadStateDict(model);
      expect(bias(await session.stateDict())).toBe(bias(model));
      const raw = await evaluate();
      expect(raw.loss).not.toBe(averaged.loss);
      await session.loadStateDict(ema);
      expect((await evaluate()).loss).toBe(averaged.loss);
      await session.trainEpoch(pass(name, { epoch: 2, keepFrom: 1 }), ignore);
      expect(bias(await session.stateDict(true))).not.toBe('');
      await session.useKept();
      expect(await tensorsOf(session)).toEqual(
        (await session.stateDict(true)).map((tensor) => [tensor.name, Buffer.from(tensor.data).toString('base64')]),
      );
    });
    await withSession(backend, { ema: 0.5 }, async (averaging) => {
      await averaging.trainEpoch(pass(name, {}), ignore);
      const state = await averaging.state();
      await withSession(backend, {}, async (plain) => {
        await expect(plain.restore(state)).rejects.toThrow('has averages of the weights, but the recipe keeps none');
      });
      await expect(averaging.restore({ ...state, ema: state.ema.slice(1) })).rejects.toThrow(
        'the state of the average lacks fc.weight',
      );
    });
  });

  test('batches that are added up are one batch, the shorter last step and class weights included', async () => {
    const { backend } = of(name);
    // The head alone: batch norms would see other batches.
    const loss = { kind: 'cross-entropy', labelSmoothing: 0.2, classWeights: Float64Array.of(3, 1) } as const;
    const train = (changes: Partial<TrainEpochOptions>): Promise<[StepEvent[], EpochResult, number[]]> =>
      withSession(backend, { loss, trainFrom: 'fc', momentum: 0.9 }, async (session) => {
        const steps: StepEvent[] = [];
        const { momenta, ...own } = pass(name, { learningRates: Float64Array.of(0.1, 0.1), ...changes });
        const result = await session.trainEpoch(own, (event) => steps.push(event));
        const bias = (await session.stateDict()).find((tensor) => tensor.name === 'fc.bias');
        return [steps, result, [...floats(bias ?? { data: new Uint8Array() })]];
      });
    const [steps, result, bias] = await train({ batchSize: 2, accumulate: 3 });
    const [whole, expected, wholeBias] = await train({ batchSize: 6, accumulate: 1 });
    expect(steps.map(({ step, images }) => [step, images])).toEqual([
      [1, 6],
      [2, 2],
    ]);
    expect(result).toMatchObject({ steps: 2, images: 8, correct: expected.correct });
    expect(
      difference(
        steps.map((event) => event.loss),
        whole.map((event) => event.loss),
      ),
    ).toBeLessThan(1e-5);
    expect(difference(bias, wholeBias)).toBeLessThan(1e-4);
    await expect(train({ batchSize: 2, accumulate: 3, learningRates: new Float64Array(3) })).rejects.toThrow(
      'there are learning rates for 3 steps, but the epoch has 2 more',
    );
  });

  test('balanced epochs have every class equally often, the same for a seed and an epoch', async () => {
    const { backend } = of(name);
    // Two, five and ninety-three of a class.
    const targets = Int32Array.from({ length: 100 }, (_, i) => (i % 50 === 0 ? 0 : i % 20 === 1 ? 1 : 2));
    const network = buildNetwork('resnet18', 3);
    await withSession(backend, { network, sampling: 'balanced', draws: 'counter' }, async (session) => {
      const epochs = [1, 2, 3].map((epoch) => session.draws(epoch, 100, targets).order);
      for (const order of epochs) {
        const counts = [0, 0, 0];
        for (const sample of order) counts[targets[sample] as number] = (counts[targets[sample] as number] ?? 0) + 1;
        expect(counts.toSorted()).toEqual([33, 33, 34]);
      }
      // The one more than the others goes to another class each time.
      expect(new Set(epochs.map((order) => order.join())).size).toBe(3);
      expect(session.draws(2, 100, targets).order).toEqual(epochs[1]);
      // Most samples of the large class come in some epoch.
      expect(new Set(epochs.flatMap((order) => [...order])).size).toBeGreaterThan(60);
      expect(() => session.draws(1, 100)).toThrow('targets must be an Int32Array');
      expect(() => session.draws(1, 99, targets)).toThrow('there must be a target for each sample');
    });
  });
});

test('both backends do the same, and each goes on from the state of the other', async () => {
  const train = (name: string, changes: SessionChanges): Promise<[StepEvent[], Float32Array]> =>
    withSession(of(name).backend, changes, async (session) => {
      const steps: StepEvent[] = [];
      await session.trainEpoch(pass(name, {}), (event) => steps.push(event));
      await session.trainEpoch(pass(name, { epoch: 2 }), (event) => steps.push(event));
      const weight = (await session.stateDict()).find((tensor) => tensor.name === 'fc.weight');
      return [steps, floats(weight ?? { data: new Uint8Array() })];
    });
  for (const changes of [EVERYTHING, ...slowRows({ ...EVERYTHING, trainFrom: 'layer4' } as const)]) {
    const [[native, weights], [js, own]] = [await train('native', changes), await train('js', changes)];
    expect(js.map(({ step, images, correct }) => [step, images, correct])).toEqual(
      native.map(({ step, images, correct }) => [step, images, correct]),
    );
    expect(
      difference(
        js.map((event) => event.loss),
        native.map((event) => event.loss),
      ),
    ).toBeLessThan(2e-3);
    expect(difference(own, weights)).toBeLessThan(0.02);
  }
  const targets = Int32Array.from({ length: 300 }, (_, i) => (i % 7 === 0 ? 1 : 0));
  const drawn = (name: string) =>
    withSession(of(name).backend, { ...EVERYTHING, seed: 2 ** 40 + 5 }, (session) =>
      Promise.resolve([1, 2, 9].map((epoch) => session.draws(epoch, 300, targets))),
    );
  expect(await drawn('js')).toEqual(await drawn('native'));
  for (const [from, to] of [NAMES, NAMES.toReversed()]) {
    const state = await withSession(of(from as string).backend, EVERYTHING, async (session) => {
      await session.trainEpoch(pass(from, {}), ignore);
      return session.state();
    });
    await withSession(of(to as string).backend, EVERYTHING, async (session) => {
      await session.restore(state);
      const back = await session.state();
      const byName = (tensors: typeof state.optimizer) => tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1));
      expect(byName(back.optimizer)).toEqual(byName(state.optimizer));
      expect(back.ema).toEqual(state.ema);
    });
  }
});

slowTest('the state of an optimizer of grouped convolutions fits both backends', async () => {
  const changes = { network: buildNetwork('resnext50_32x4d', 2), trainFrom: 'layer4', momentum: 0.9 } as const;
  const learningRates = Float64Array.of(0.01);
  const state = await withSession(of('js').backend, changes, async (session) => {
    await session.trainEpoch(pass('js', { learningRates, momenta: learningRates, accumulate: 1 }), ignore);
    return session.state();
  });
  await withSession(of('native').backend, changes, (session) => session.restore(state));
});
