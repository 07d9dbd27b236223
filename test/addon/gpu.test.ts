import { openNativeBackend } from '../../lib/backend/native/backend';
import type { FusedConvolution, GpuSwitches } from '../../lib/backend/native/addon';
import { loadAddon } from '../../lib/backend/native/load';
import type { Backend, CropStore } from '../../lib/backend/types';
import { fillStore, MODEL, OPTIONS, TARGETS } from '../backend/images';
import { rates, sessionWith, type SessionChanges } from '../made-weights';

// What is decided for a GPU, where there is none: a CPU with `deviceCrops` takes a GPU's ways.

const CROP = 64;
const ignore = (): void => {};
const addon = loadAddon();
let backend: Backend;
let store: CropStore;
beforeAll(async () => {
  backend = await openNativeBackend();
  store = await fillStore(backend, CROP);
});
afterAll(() => store.close());

const switchesOf = ({ benchmark, deterministicCudnn, deterministic, tf32Cudnn, tf32Cublas }: GpuSwitches) => ({
  ...{ benchmark, deterministicCudnn, deterministic, tf32Cudnn, tf32Cublas },
});

/** Opens a session that behaves as on a GPU. */
const asOnGpu = (changes: SessionChanges = {}) =>
  backend.createSession(sessionWith({ trainFrom: 'conv1', deviceCrops: 0, ...changes }, { ...OPTIONS, device: 'cpu' }));

describe('what LibTorch has one of for the process', () => {
  const fast = { deterministic: false, tf32: true, searches: true };
  const exact = { deterministic: true, tf32: true, searches: true };
  const strict = { deterministic: false, tf32: false, searches: true };
  const other = { deterministic: false, tf32: true, searches: false };
  const before = switchesOf(addon.gpuState());

  test.each([
    ['a pass that searches', [fast], { benchmark: true, deterministic: false, tf32Cudnn: true, tf32Cublas: true }],
    ['one of batches that are not full', [other], { benchmark: false }],
    ['a deterministic one', [exact], { benchmark: false, deterministic: true, deterministicCudnn: true }],
    ['a strict one', [strict], { benchmark: true, tf32Cudnn: false, tf32Cublas: false }],
    ['a deterministic one beside another', [fast, exact], { benchmark: false, deterministic: true }],
    ['a strict one beside another', [fast, strict, fast], { benchmark: true, tf32Cudnn: false, tf32Cublas: false }],
    ['one that does not search beside one that does', [fast, other], { benchmark: false }],
  ])('%s: the strictest decides, and it is as before afterwards', (_what, passes, expected) => {
    for (const fails of [false, true]) {
      const seen = addon.gpuSettings({ passes, fails });
      expect(seen).toHaveLength(passes.length + 1);
      expect(seen.at(-2)).toMatchObject(expected);
      expect(switchesOf(seen.at(-1) as GpuSwitches)).toEqual(before);
    }
  });

  test('is as it was after passes, also those that fail, and cuDNN searches for full batches of training alone', async () => {
    const session = await asOnGpu();
    const { searches } = addon.gpuState();
    const pass = { store, targets: TARGETS, batchSize: 3, epoch: 1, ...rates(0.01, 3) };
    // Of eight images two batches are full.
    await session.trainEpoch(pass, ignore);
    expect(addon.gpuState()).toMatchObject({ ...before, searches: searches + 2 });
    await session.evaluate({ store, targets: TARGETS, batchSize: 4 }, ignore);
    await expect(session.trainEpoch(pass, ignore)).rejects.toThrow('epoch 1 has passed');
    expect(addon.gpuState()).toMatchObject({ ...before, searches: searches + 2 });
    await session.trainEpoch({ ...pass, epoch: 2, accumulate: 3, ...rates(0.01, 1) }, ignore);
    expect(addon.gpuState()).toMatchObject({ ...before, searches: searches + 4 });
    await session.close();

    const exact = await asOnGpu({ deterministic: true });
    await exact.trainEpoch(pass, ignore);
    await exact.close();
    expect(addon.gpuState()).toMatchObject({ ...before, searches: searches + 4 });
  });
});

describe('memory', () => {
  const given = (): number => addon.gpuState().memoryGivenBack;

  test('is given back once the last owner of a session is gone', async () => {
    const session = await asOnGpu();
    const before = given();
    const pass = { store, targets: TARGETS, batchSize: 1, epoch: 1, ...rates(0.01, 8) };
    let closing: Promise<void> | undefined;
    const after: number[] = [];
    await session.trainEpoch(pass, () => {
      closing ??= session.close();
      after.push(given() - before);
    });
    await closing;
    // Not while the pass runs that owns it too.
    expect(after[0]).toBe(0);
    expect(given()).toBe(before + 1);
  });

  test('is given back once a model is closed', async () => {
    const session = await asOnGpu();
    const tensors = await session.stateDict();
    await session.close();
    const model = await backend.createModel(MODEL, tensors);
    const before = given();
    await model.run({ store, count: 8, batchSize: 4, features: false }, ignore);
    expect(given()).toBe(before);
    await model.close();
    expect(given()).toBe(before + 1);
  });

  test('is given back after a pass that fails, for the next that is smaller', async () => {
    const session = await asOnGpu();
    const before = given();
    const pass = { store, targets: TARGETS, batchSize: 8, epoch: 1, ...rates(0.01, 1) };
    await session.trainEpoch(pass, ignore);
    expect(given()).toBe(before);
    await expect(session.trainEpoch(pass, ignore)).rejects.toThrow('epoch 1 has passed');
    expect(given()).toBe(before + 1);
    await session.close();
  });
});

describe('a class that there is not', () => {
  const wrong = TARGETS.map((target, i) => (i === 5 ? 2 : target));
  const pass = { store, targets: TARGETS, batchSize: 4, epoch: 1, ...rates(0.01, 2) };

  // A GPU would end with a device assert, after which nothing of the process can use it.
  test.each<[string, SessionChanges]>([
    ['plainly', {}],
    ['mixed', { draws: 'counter', augment: [{ kind: 'mixup', alpha: 0.2 }] }],
    [
      'smoothed, with weights',
      { loss: { kind: 'cross-entropy', labelSmoothing: 0.1, classWeights: Float64Array.of(1, 2) } },
    ],
    ['with features kept', { trainFrom: 'fc' }],
    ['drawn by class', { sampling: 'balanced' }],
  ])('is refused before anything is computed: %s', async (_how, changes) => {
    const session = await asOnGpu(changes);
    const message = 'targets[5] must be a whole number from 0 to 1, not 2';
    const samples = { ...pass, store };
    await expect(async () => session.trainEpoch({ ...samples, targets: wrong }, ignore)).rejects.toThrow(message);
    await expect(async () => session.evaluate({ ...samples, targets: wrong }, ignore)).rejects.toThrow(message);
    if (changes.sampling === 'balanced') expect(() => session.draws(1, 8, wrong)).toThrow(message);
    expect(await session.trainEpoch(samples, ignore)).toMatchObject({ images: 8 });
    await session.close();
  });
});

describe('figures on their way', () => {
  const read = (atMost: number, arrive: number[]) => addon.readBack({ atMost, arrive: Int32Array.from(arrive) });

  test('are read once they have arrived, in the order in which they were sent', () => {
    expect(read(8, [1, 2, 5, 4, 5, 7])).toEqual([
      { read: [1], waits: 0 },
      { read: [2], waits: 0 },
      { read: [], waits: 0 },
      // The fourth has arrived, and comes after the third.
      { read: [], waits: 0 },
      { read: [3, 4, 5], waits: 0 },
      { read: [], waits: 0 },
      { read: [6], waits: 1 },
    ]);
  });

  test('are waited for where too many are on their way, one at a time', () => {
    expect(read(2, [9, 9, 9, 9])).toEqual([
      { read: [], waits: 0 },
      { read: [], waits: 0 },
      { read: [1], waits: 1 },
      { read: [2], waits: 1 },
      { read: [3, 4], waits: 2 },
    ]);
  });

  test('decide which weights are kept as on a CPU', async () => {
    const kept = async (deviceCrops?: number) => {
      const changes = deviceCrops === undefined ? {} : { deviceCrops };
      const session = await backend.createSession(
        sessionWith({ trainFrom: 'conv1', ...changes }, { ...OPTIONS, device: 'cpu' }),
      );
      const steps: number[] = [];
      const pass = { store, targets: TARGETS, batchSize: 1, epoch: 1, ...rates(0.001, 8), keepFrom: 4 };
      const { keptStep } = await session.trainEpoch(pass, ({ step }) => steps.push(step));
      const { kept: state } = await session.state();
      await session.close();
      return { keptStep, steps, bytes: state?.tensors.length };
    };
    const expected = await kept();
    expect(expected.keptStep).toBeGreaterThanOrEqual(4);
    expect(await kept(0)).toEqual(expected);
  });
});

describe('convolutions that cuDNN fuses', () => {
  const outcome = (options: Partial<FusedConvolution>) =>
    addon.fusedConvolution({
      ...{ operators: 'right', type: 'fp32', groups: 1, tf32: true, deterministic: false },
      ...options,
    });
  const kind = { device: 'cpu', type: 'Float', grouped: false };

  test.each([1, 4])('are taken where they agree, in %i groups', (groups) => {
    const { apart, calls, findings } = outcome({ groups });
    expect(apart).toBeLessThan(1e-5);
    // Two trials, and twice two convolutions.
    expect(calls).toBe(6);
    expect(findings).toEqual([{ ...kind, grouped: groups > 1, reason: '' }]);
  });

  test.each([
    ['none', 'this LibTorch has no such operators', 0],
    ['throws', 'no engine', 1],
    ['no-relu', "cuDNN's convolution with ReLU gives other values", 1],
    ['no-number', "cuDNN's convolution with ReLU gives other values", 1],
    ['no-add', "cuDNN's convolution with add and ReLU gives other values", 2],
  ] as const)('are left alone where they are wrong (%s), and why is remembered', (operators, reason, tried) => {
    const { apart, calls, findings } = outcome({ operators });
    expect(apart).toBeLessThan(1e-5);
    expect([calls, findings]).toEqual([tried, [{ ...kind, reason }]]);
  });

  test('one that fails later is computed plainly from then on', () => {
    const { apart, calls, findings } = outcome({ operators: 'throws-later' });
    expect(apart).toBeLessThan(1e-5);
    expect(calls).toBe(3);
    expect(findings).toEqual([
      { ...kind, reason: '' },
      { ...kind, reason: 'a convolution of 8 to 8 channels: no engine' },
    ]);
  });

  test('that there is no memory is no reason to compute it plainly', () => {
    expect(outcome({ operators: 'no-memory' })).toMatchObject({ error: 'out of memory', calls: 3 });
  });

  // As cuDNN 9 says it, in an error of its own.
  test.each([
    ['no-memory-at-first', 1, []],
    ['no-memory-in-cudnn', 3, [{ ...kind, reason: '' }]],
  ] as const)('nor is it where cuDNN is the one that has none: %s', (operators, calls, findings) => {
    const error = 'cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED';
    expect(outcome({ operators })).toMatchObject({ error, calls, findings });
  });

  test.each([{ deterministic: true }, { tf32: false }, { type: 'fp64' as const }])(
    'are not asked for with %j',
    (options) => {
      const { apart, calls, findings } = outcome(options);
      expect(apart).toBeLessThan(1e-5);
      expect([calls, findings]).toEqual([0, []]);
    },
  );
});
