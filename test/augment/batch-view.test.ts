import { openNativeBackend } from '../../lib/backend/native/backend';
import { loadAddon } from '../../lib/backend/native/load';
import type { Augmentation } from '../../lib/backend/augmentations';
import type {
  Backend,
  BatchView,
  BatchViewOptions,
  CropStore,
  ImageStore,
  TrainingSession,
  TrainSamples,
} from '../../lib/backend/types';
import { decodeImage } from '../../lib/data/decode';
import { FILES, fillStore, OPTIONS, TARGETS } from '../backend/images';
import { rates, sessionWith, type SessionChanges } from '../made-weights';

const SIDE = 64;
const COUNT = FILES.length;
const BATCH = 3;
const FLIP: Augmentation = { kind: 'horizontal-flip', probability: 0.5 };
const CROP: Augmentation = {
  ...{ kind: 'random-resized-crop', leastScale: 0.2, mostScale: 1 },
  ...{ leastRatio: 3 / 4, mostRatio: 4 / 3 },
};

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

const fixed = (): TrainSamples => ({ store: crops, targets: TARGETS });
const windows = (): TrainSamples => ({ store: images, size: SIDE, targets: TARGETS });

async function withSession<T>(changes: SessionChanges, work: (session: TrainingSession) => Promise<T>): Promise<T> {
  const options = sessionWith({ trainFrom: 'conv1', draws: 'counter', seed: 3, threads: 1, ...changes }, OPTIONS);
  const session = await backend.createSession(options);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** The batch from place `first` on, or so many images of it. */
function view(
  session: TrainingSession,
  samples: TrainSamples,
  asked: Partial<BatchViewOptions> = {},
): Promise<BatchView> {
  if (session.trainingBatch === undefined) throw new Error('the native backend has it');
  return session.trainingBatch({ ...samples, batchSize: BATCH, epoch: 1, first: 0, count: BATCH, ...asked });
}

const imageOf = ({ images: bytes, side }: BatchView, i: number): Uint8Array =>
  bytes.slice(i * 3 * side * side, (i + 1) * 3 * side * side);

const flipped = (data: Uint8Array): Uint8Array =>
  loadAddon().augmentImage({
    ...{ width: SIDE, height: SIDE, data, name: 'horizontal-flip', values: [], bilinear: false },
    fill: Uint8Array.of(0, 0, 0),
  }).data;

test('a batch is of the crops that are drawn, mirrored or not, to the byte', async () => {
  await withSession({ augment: [FLIP] }, async (session) => {
    for (const epoch of [1, 2]) {
      const { order, flips } = session.draws(epoch, COUNT);
      const seen = await view(session, fixed(), { first: BATCH, epoch });
      expect(seen.side).toBe(SIDE);
      expect([...seen.samples]).toEqual([...order.slice(BATCH, 2 * BATCH)]);
      for (let i = 0; i < BATCH; i++) {
        const crop = crops.get(order[BATCH + i] ?? -1);
        expect(imageOf(seen, i)).toEqual(flips[BATCH + i] === 1 ? flipped(crop) : crop);
      }
      const own = [...seen.samples].map((sample) => TARGETS[sample]);
      expect([...seen.shares]).toEqual(own.flatMap((target) => [Number(target === 0), Number(target === 1)]));
    }
  });
});

test('of few views, the draws tell how a batch is mirrored, with balanced sampling and gaps in the store too', async () => {
  const indices = Int32Array.from(TARGETS, (_, i) => COUNT - 1 - i);
  const options = sessionWith({ augment: [FLIP], draws: 'counter', sampling: 'balanced', trainFrom: 'fc' }, OPTIONS);
  const session = await backend.createSession({ ...options, recipe: { ...options.recipe, views: 3 } });
  try {
    for (const epoch of [1, 2]) {
      const { order, flips } = session.draws(epoch, COUNT, TARGETS, indices);
      const seen = await view(session, { ...fixed(), indices }, { epoch });
      for (let i = 0; i < BATCH; i++) {
        const crop = crops.get(indices[order[i] ?? -1] ?? -1);
        expect(imageOf(seen, i)).toEqual(flips[i] === 1 ? flipped(crop) : crop);
      }
    }
  } finally {
    await session.close();
  }
});

test('what changes images is seen: windows, and colours', async () => {
  const gray: Augmentation = { kind: 'grayscale', probability: 1 };
  await withSession({ augment: [CROP, gray] }, async (session) => {
    const first = await view(session, windows());
    expect(first.images).not.toEqual((await view(session, windows(), { epoch: 2 })).images);
    for (let i = 0; i < first.images.length; i += 3) expect(first.images[i]).toBe(first.images[i + 2]);
    expect(new Set(first.images).size).toBeGreaterThan(20);
  });
});

test('mixed images have shares of both classes, as the whole batch is mixed, though fewer are asked for', async () => {
  await withSession({ augment: [{ kind: 'mixup', alpha: 1 }] }, async (session) => {
    const whole = await view(session, fixed(), { batchSize: COUNT, count: COUNT });
    const part = await view(session, fixed(), { batchSize: COUNT, count: 2 });
    expect(part.images).toEqual(whole.images.slice(0, part.images.length));
    expect(part.samples).toHaveLength(2);
    for (let i = 0; i < COUNT; i++) {
      expect((whole.shares[2 * i] ?? 0) + (whole.shares[2 * i + 1] ?? 0)).toBeCloseTo(1, 6);
    }
    expect([...whole.shares].some((share) => share > 0 && share < 1)).toBe(true);
  });
});

test('to look changes nothing: the epochs come to the same', async () => {
  const losses = (looks: boolean): Promise<number[]> =>
    withSession({ augment: [CROP, FLIP, { kind: 'cutmix', alpha: 1 }], draws: 'counter' }, async (session) => {
      const out: number[] = [];
      for (let epoch = 1; epoch <= 2; epoch++) {
        if (looks) for (const at of [epoch, epoch + 1]) await view(session, windows(), { epoch: at });
        const options = { ...windows(), batchSize: BATCH, epoch, ...rates(0.05, Math.ceil(COUNT / BATCH)) };
        out.push((await session.trainEpoch(options, () => {})).loss);
      }
      return out;
    });
  expect(await losses(true)).toEqual(await losses(false));
});

test('what is not there is refused', async () => {
  await withSession({ augment: [FLIP] }, async (session) => {
    await expect(view(session, fixed(), { first: COUNT })).rejects.toThrow(/none at/);
    for (const name of ['batchSize', 'epoch', 'count'] as const) {
      expect(() => view(session, fixed(), { [name]: 0 })).toThrow(name);
    }
  });
});
