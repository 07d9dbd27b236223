import type { Augmentation } from '../../lib/backend/augmentations';
import { openNativeBackend } from '../../lib/backend/native/backend';
import type { Backend, CropStore, ValidationResult, StepEvent } from '../../lib/backend/types';
import { decodeImage } from '../../lib/data/decode';
import { FILES, fillStore, OPTIONS, TARGETS } from '../backend/images';
import { rates, sessionWith, type SessionChanges } from '../made-weights';

// What a GPU does, on the CPU: bytes are sent, the arithmetic is the device's, figures are read back up to eight steps later.

const CROP = 64;
const WINDOW: Augmentation = {
  ...{ kind: 'random-resized-crop', leastScale: 1, mostScale: 1 },
  ...{ leastRatio: 1, mostRatio: 1 },
};
let backend: Backend;
let store: CropStore;
beforeAll(async () => {
  backend = await openNativeBackend();
  store = await fillStore(backend, CROP);
});
afterAll(() => store.close());

interface Trained {
  steps: StepEvent[];
  loss: number;
  validation: ValidationResult;
}

/** Steps of a pass, of which an epoch of one image a step has two: not eight, after which figures are read back. */
const PASSES = [5, 3];

/** Two epochs, flips among them, and a validation. */
async function trained(changes: SessionChanges): Promise<Trained> {
  const session = await backend.createSession(sessionWith({ trainFrom: 'conv1', ...changes }, OPTIONS));
  try {
    const steps: StepEvent[] = [];
    let loss = 0;
    for (const epoch of [1, 2]) {
      expect(new Set(session.draws(epoch, FILES.length).flips).size).toBe(2);
      for (const count of PASSES) {
        const pass = { store, targets: TARGETS, batchSize: 1, epoch, ...rates(0.001, count) };
        ({ loss } = await session.trainEpoch(pass, (step) => steps.push(step)));
      }
    }
    const validation = await session.evaluate({ store, targets: TARGETS, batchSize: 3 }, () => {});
    return { steps, loss, validation };
  } finally {
    await session.close();
  }
}

test.each([
  ['sent batch by batch', 0],
  ['that lie on the device', 1e9],
])('batches made on the device, of crops %s, train as those made on the CPU', async (_how, deviceCrops) => {
  const expected = await trained({});
  const made = await trained({ deviceCrops });
  const pass = FILES.map((_, i) => i + 1);
  expect(made.steps.map(({ step }) => step)).toEqual([...pass, ...pass]);
  made.steps.forEach((step, i) => expect(step.loss).toBeCloseTo(expected.steps[i]?.loss ?? NaN, 5));
  expect(made.loss).toBeCloseTo(expected.loss, 5);
  expect(made.validation).toMatchObject({ images: FILES.length, correct: expected.validation.correct });
  made.validation.logits.forEach((logit, i) => expect(logit).toBeCloseTo(expected.validation.logits[i] ?? NaN, 4));
});

test('after a pass that failed, the position is that of the weights', async () => {
  const images = backend.createImageStore(FILES.length, { memory: 1e9 });
  const changes = { trainFrom: 'fc', deviceCrops: 0, draws: 'counter', prefetchThreads: 0 } as const;
  const session = await backend.createSession(sessionWith({ ...changes, augment: [WINDOW] }, OPTIONS));
  try {
    const { order } = session.draws(1, FILES.length);
    // The sixth image of the epoch is not there.
    for (const sample of order.slice(0, 5)) await images.put(sample, await decodeImage(FILES[sample] ?? ''), 100);
    const samples = { store: images, size: CROP, targets: TARGETS, batchSize: 1, epoch: 1 };
    const failing = session.trainEpoch({ ...samples, ...rates(0.001, FILES.length) }, () => {});
    await expect(failing).rejects.toThrow();
    expect((await session.state()).position).toMatchObject({ epoch: 1, step: 5, images: 5 });
  } finally {
    await session.close();
    images.close();
  }
});
