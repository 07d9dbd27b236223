import { openNativeBackend } from '../../lib/backend/native/backend';
import { loadAddon } from '../../lib/backend/native/load';
import { philox } from '../../lib/backend/js/philox';
import type { Augmentation } from '../../lib/backend/augmentations';
import type { Backend, CropStore, EpochResult, ImageStore, TrainSamples } from '../../lib/backend/types';
import { decodeImage } from '../../lib/data/decode';
import { FILES, fillStore, OPTIONS, TARGETS } from '../backend/images';
import { rates, sessionWith, type SessionChanges } from '../made-weights';

const SIDE = 64;
const COUNT = FILES.length;
const BATCH = 3;
const STEPS = Math.ceil(COUNT / BATCH);
const SEED = 3;

const CROP: Augmentation = {
  ...{ kind: 'random-resized-crop', leastScale: 0.2, mostScale: 1 },
  ...{ leastRatio: 3 / 4, mostRatio: 4 / 3 },
};
const FLIP: Augmentation = { kind: 'horizontal-flip', probability: 0.5 };
const STYLE = { interpolation: 'bilinear', fill: [9, 8, 7] } as const;
/** One of each kind. */
const ALL: Augmentation[] = [
  CROP,
  FLIP,
  { kind: 'vertical-flip', probability: 0.3 },
  { kind: 'rotation', degrees: 20, ...STYLE },
  { kind: 'affine', degrees: 5, translateX: 0.1, translateY: 0.2, leastScale: 0.9, mostScale: 1.2, shear: 4, ...STYLE },
  { kind: 'color-jitter', brightness: 0.4, contrast: 0.3, saturation: 0.2, hue: 0.1 },
  { kind: 'grayscale', probability: 0.2 },
  { kind: 'rand-augment', operations: 2, magnitude: 9, ...STYLE },
  { kind: 'trivial-augment', interpolation: 'nearest', fill: [0, 0, 0] },
  { kind: 'random-erasing', probability: 0.5 },
  { kind: 'mixup', alpha: 0.4 },
  { kind: 'cutmix', alpha: 1 },
];

let backend: Backend;
let images: ImageStore;
let crops: CropStore;
beforeAll(async () => {
  backend = await openNativeBackend();
  images = backend.createImageStore(COUNT, { memory: 1e9 });
  for (const [i, file] of FILES.entries()) await images.put(i, await decodeImage(file), 100);
  crops = await fillStore(backend, SIDE);
});
afterAll(() => {
  images.close();
  crops.close();
});

const windows = (): TrainSamples => ({ store: images, size: SIDE, targets: TARGETS });
const fixed = (store: CropStore = crops): TrainSamples => ({ store, targets: TARGETS });

interface Pass {
  changes: SessionChanges & { views?: number };
  samples: TrainSamples;
  epochs?: number;
  lr?: number;
  batchSize?: number;
}

/** What the epochs of a session come to, and the weights after them. */
async function train({ changes: { views, ...changes }, samples, epochs = 1, lr = 0.05, batchSize = BATCH }: Pass) {
  const options = sessionWith({ trainFrom: 'conv1', draws: 'counter', seed: SEED, threads: 1, ...changes }, OPTIONS);
  if (views !== undefined) options.recipe.views = views;
  const session = await backend.createSession(options);
  try {
    const results: EpochResult[] = [];
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const steps = Math.ceil(TARGETS.length / batchSize);
      results.push(await session.trainEpoch({ ...samples, batchSize, epoch, ...rates(lr, steps) }, () => {}));
    }
    const weights = (await session.stateDict()).map(({ data }) => Buffer.from(data).toString('base64'));
    return { losses: results.map(({ loss }) => loss), weights };
  } finally {
    await session.close();
  }
}

/** Numbers of 0 to below 1, of a purpose of a sample in epoch 1, in double as TypeScript has them. */
function numbers(purpose: number, sample: number, count: number): number[] {
  const words = Array.from({ length: Math.ceil(count / 4) }, (_, block) =>
    philox([SEED, 0], [purpose + block * 65536, 1, sample, 0]),
  ).flat();
  return words.slice(0, count).map((word) => (word >>> 8) / 2 ** 24);
}

/** Crops of the bytes that `make` gives for each sample. */
async function storeOf(make: (sample: number) => Promise<Uint8Array> | Uint8Array): Promise<CropStore> {
  const store = backend.createCropStore(COUNT, SIDE);
  for (let i = 0; i < COUNT; i++) await store.put(i, { width: SIDE, height: SIDE, data: await make(i) }, SIDE);
  return store;
}

/** Trains on samples with augmentations, and on crops that are already what these make of them. */
async function expectSame(augment: Augmentation[], samples: TrainSamples, store: CropStore): Promise<void> {
  try {
    const made = await train({ changes: { augment }, samples });
    const expected = await train({
      changes: { augment: augment.filter((one) => one === FLIP) },
      samples: fixed(store),
    });
    expect(made.losses).toEqual(expected.losses);
    expect(made.weights).toEqual(expected.weights);
  } finally {
    store.close();
  }
}

test('an epoch of random resized crops is one of the windows that are drawn by sample, mirrored or not', async () => {
  const cut = async (sample: number): Promise<Uint8Array> => {
    const window = loadAddon().randomResizedCrop({
      ...images.size(sample),
      ...{ leastScale: 0.2, drawn: numbers(3, sample, 40) },
    });
    const { left, top, width, height } = window;
    return (await images.window(sample, { left, top, width, height }, SIDE)).data;
  };
  await expectSame([CROP, FLIP], windows(), await storeOf(cut));
});

const repainted = (sample: number, name: string, values: number[], bilinear = false): Uint8Array =>
  loadAddon().augmentImage({
    ...{ width: SIDE, height: SIDE, data: crops.get(sample), name, values, bilinear },
    fill: Uint8Array.from(STYLE.fill),
  }).data;

test('images are repainted with what is drawn by sample', async () => {
  const rotated = (sample: number): Uint8Array => {
    const [drawn = 0] = numbers(4, sample, 1);
    return repainted(sample, 'rotate', [Math.fround(Math.fround(Math.fround(drawn) * 60) - 30)], true);
  };
  await expectSame([{ kind: 'rotation', degrees: 30, ...STYLE }], fixed(), await storeOf(rotated));
  const gray = (sample: number): Uint8Array =>
    (numbers(7, sample, 1)[0] as number) < 0.5 ? repainted(sample, 'grayscale', []) : crops.get(sample);
  await expectSame([{ kind: 'grayscale', probability: 0.5 }], fixed(), await storeOf(gray));
  const upside = (sample: number): Uint8Array => repainted(sample, 'vertical-flip', []);
  await expectSame([{ kind: 'vertical-flip', probability: 1 }], fixed(), await storeOf(upside));
});

// Nothing is learnt, so that only the images can make a difference; all of them are in one batch.
const passive = { lr: 0, batchSize: COUNT };

test('without augmentation epochs are the same', async () => {
  const { losses } = await train({ changes: { augment: [] }, samples: fixed(), epochs: 2, ...passive });
  expect(losses[1]).toBeCloseTo(losses[0] as number, 5);
});

test.each(ALL.filter((one) => one !== FLIP))('$kind shows something else in each epoch', async (one) => {
  const samples = one === CROP ? windows() : fixed();
  const [first, second] = (await train({ changes: { augment: [one] }, samples, epochs: 2, ...passive })).losses;
  expect(Math.abs((first as number) - (second as number))).toBeGreaterThan(1e-4);
});

test('the number of threads that prepare batches changes nothing', async () => {
  const all = (prefetchThreads: number) =>
    train({ changes: { augment: ALL, prefetchThreads }, samples: windows(), epochs: 2 });
  const [none, one, four] = [await all(0), await all(1), await all(4)];
  expect(one).toEqual(none);
  expect(four).toEqual(none);
});

test('made as on a GPU, batches are the same but for rounding', async () => {
  const pass = { samples: windows(), ...passive };
  const [cpu] = (await train({ changes: { augment: ALL }, ...pass })).losses;
  const [gpu] = (await train({ changes: { augment: ALL, deviceCrops: 0 }, ...pass })).losses;
  expect(Math.abs((cpu as number) - (gpu as number))).toBeLessThan(1e-4);
  // Crops may lie there, and are erased and mixed there.
  const late = ALL.slice(-3);
  const crop = { samples: fixed(), ...passive };
  const [sent] = (await train({ changes: { augment: late }, ...crop })).losses;
  const [resident] = (await train({ changes: { augment: late, deviceCrops: 1e9 }, ...crop })).losses;
  expect(Math.abs((sent as number) - (resident as number))).toBeLessThan(1e-4);
});

test('mixed batches are trained in double precision too', async () => {
  const pass = { samples: fixed(), ...passive };
  const augment = ALL.slice(-2);
  const [single] = (await train({ changes: { augment }, ...pass })).losses;
  const [double] = (await train({ changes: { augment, precision: 'fp64' }, ...pass })).losses;
  expect(Math.abs((single as number) - (double as number))).toBeLessThan(1e-4);
});

describe('with frozen modules', () => {
  const epochs = { epochs: 5, ...passive };
  const fc = { trainFrom: 'fc', augment: [CROP, FLIP], cacheMemory: 1e9 } as const;

  test('features of windows that are drawn anew are computed anew', async () => {
    const { losses } = await train({ changes: fc, samples: windows(), ...epochs });
    expect(new Set(losses.map((loss) => loss.toFixed(4))).size).toBe(5);
  });

  test('features of K views are kept: epoch e has those of e mod K, also where there is no room for all', async () => {
    const kept = await train({ changes: { ...fc, views: 2 }, samples: windows(), ...epochs });
    const [first, second, third, fourth, fifth] = kept.losses.map((loss) => loss.toFixed(4));
    expect([third, fourth, fifth]).toEqual([first, second, first]);
    expect(second).not.toBe(first);
    // Features of 512 floats: room for five of sixteen rows.
    for (const cacheMemory of [0, 5 * 2048]) {
      const little = await train({ changes: { ...fc, views: 2, cacheMemory }, samples: windows(), ...epochs });
      little.losses.forEach((loss, i) => expect(loss).toBeCloseTo(kept.losses[i] as number, 5));
    }
  });

  test('of views, erasing and colors too are kept', async () => {
    const augment = ALL.filter(({ kind }) => kind !== 'mixup' && kind !== 'cutmix');
    const kept = await train({ changes: { ...fc, augment, views: 1 }, samples: windows(), ...epochs });
    kept.losses.forEach((loss) => expect(loss).toBeCloseTo(kept.losses[0] as number, 5));
  });
});

describe('refused', () => {
  test('what is not mirroring with draws of torch', async () => {
    const refused = backend.createSession(sessionWith({ draws: 'torch', augment: [CROP] }, OPTIONS));
    await expect(refused).rejects.toThrow("of torch's random numbers only the order and horizontal flips are drawn");
  });

  test('a kind that comes twice, and an unknown one', () => {
    const create = (augment: unknown[]) => () =>
      void backend.createSession(sessionWith({ draws: 'counter', augment: augment as Augmentation[] }, OPTIONS));
    expect(create([FLIP, FLIP])).toThrow('recipe.augment has horizontal-flip twice');
    expect(create([{ kind: 'fog' }])).toThrow('recipe.augment[0].kind');
    expect(create([{ ...FLIP, share: 1 }])).toThrow('share');
    expect(create([{ kind: 'trivial-augment', interpolation: 'nearest', fill: [0, 0, 256] }])).toThrow('fill');
    expect(create([{ ...(ALL[4] as object), leastScale: 0 }])).toThrow('leastScale');
  });

  test('a random resized crop of crops', async () => {
    const refused = train({ changes: { augment: [CROP] }, samples: fixed() });
    await expect(refused).rejects.toThrow('a random resized crop needs a store of images');
  });

  test('images whose file fails end the pass with the reason, whichever thread reads them', async () => {
    const empty = backend.createImageStore(COUNT, { memory: 1e9 });
    try {
      for (const prefetchThreads of [0, 2]) {
        const refused = train({
          changes: { augment: [CROP], prefetchThreads },
          samples: { store: empty, size: SIDE, targets: TARGETS },
        });
        await expect(refused).rejects.toThrow('there is no image');
      }
    } finally {
      empty.close();
    }
  });
});

test('a pass that is stopped ends, though threads are ahead of it, and the next goes on', async () => {
  const session = await backend.createSession(
    sessionWith({ trainFrom: 'conv1', draws: 'counter', augment: ALL, threads: 1, prefetchThreads: 3 }, OPTIONS),
  );
  try {
    const pass = (steps: number) => ({ ...windows(), batchSize: 1, epoch: 1, ...rates(0.01, steps) });
    const stopped = await session.trainEpoch(pass(COUNT), () => session.cancel());
    expect(stopped.cancelled).toBe(true);
    expect(stopped.steps).toBeLessThan(COUNT);
    const rest = await session.trainEpoch(pass(COUNT - stopped.steps), () => {});
    expect(rest).toMatchObject({ cancelled: false, images: COUNT });
  } finally {
    await session.close();
  }
});

test('a run that goes on from the middle of an augmented epoch does what one without a break does', async () => {
  const options = sessionWith(
    { trainFrom: 'conv1', draws: 'counter', augment: ALL, threads: 1, momentum: 0.9, prefetchThreads: 2 },
    OPTIONS,
  );
  const weightsAfter = async (stopAfter: number): Promise<string[]> => {
    let session = await backend.createSession(options);
    try {
      const pass = (steps: number, epoch: number) =>
        session.trainEpoch({ ...windows(), batchSize: BATCH, epoch, ...rates(0.02, steps) }, () => {});
      await pass(stopAfter, 1);
      const state = await session.state();
      await session.close();
      session = await backend.createSession({ ...options, prefetchThreads: 1 });
      await session.restore(state);
      if (stopAfter < STEPS) await pass(STEPS - stopAfter, 1);
      await pass(STEPS, 2);
      return (await session.stateDict()).map(({ data }) => Buffer.from(data).toString('base64'));
    } finally {
      await session.close();
    }
  };
  const whole = await weightsAfter(STEPS);
  expect(await weightsAfter(1)).toEqual(whole);
});

test('threads read no more than there is where a batch is greater than that', async () => {
  const lossOf = async (batchSize: number, prefetchThreads: number): Promise<number> => {
    const changes = { trainFrom: 'fc', draws: 'counter', augment: ALL, threads: 1, prefetchThreads } as const;
    const session = await backend.createSession(sessionWith(changes, OPTIONS));
    try {
      const pass = { ...windows(), batchSize, accumulate: 2 ** 31 - 1, epoch: 1, ...rates(0.01, 1) };
      return (await session.trainEpoch(pass, () => {})).loss;
    } finally {
      await session.close();
    }
  };
  expect(await lossOf(Number.MAX_SAFE_INTEGER, 2)).toBe(await lossOf(COUNT, 0));
});

test('an epoch may go on with batches of another size, whether threads read them or not', async () => {
  const lossesOf = async (prefetchThreads: number): Promise<number[]> => {
    const losses: number[] = [];
    const changes = { trainFrom: 'fc', draws: 'counter', augment: ALL, threads: 1, prefetchThreads } as const;
    const session = await backend.createSession(sessionWith(changes, OPTIONS));
    try {
      for (const [batchSize, steps] of [
        [2, 1],
        [4, 1],
        [3, 1],
      ] as const) {
        const pass = { ...windows(), batchSize, epoch: 1, ...rates(0.01, steps) };
        await session.trainEpoch(pass, ({ loss }) => losses.push(loss));
      }
      return losses;
    } finally {
      await session.close();
    }
  };
  expect(await lossesOf(2)).toEqual(await lossesOf(0));
});
