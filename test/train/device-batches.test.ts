import { openNativeBackend } from '../../lib/backend/native/backend';
import type { Backend, CropStore, ValidationResult, StepEvent } from '../../lib/backend/types';
import { FILES, fillStore, OPTIONS, TARGETS } from '../backend/images';

// What a GPU does, on the CPU: bytes are sent, the arithmetic is the device's, figures are read back every eight steps.

const CROP = 64;
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

/** Steps of a pass: not a multiple of eight. */
const STEPS = 11;

/** Two passes of one image a step, flips among them, and a validation. */
async function trained(changes: object): Promise<Trained> {
  const session = await backend.createSession({ ...OPTIONS, trainFrom: 'conv1', ...changes });
  try {
    const steps: StepEvent[] = [];
    let loss = 0;
    for (let epoch = 0; epoch < 2; epoch++) {
      const { order, flips } = session.plan(STEPS);
      expect(new Set(flips).size).toBe(2);
      const plan = { order: order.map((i) => i % FILES.length), flips };
      const recipe = { batchSize: 1, lr: 0.001, maxSteps: 0, keepFrom: 0 };
      ({ loss } = await session.trainEpoch({ store, targets: TARGETS, ...plan, ...recipe }, (step) =>
        steps.push(step),
      ));
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
  const pass = Array.from({ length: STEPS }, (_, i) => i + 1);
  expect(made.steps.map(({ step }) => step)).toEqual([...pass, ...pass]);
  made.steps.forEach((step, i) => expect(step.loss).toBeCloseTo(expected.steps[i]?.loss ?? NaN, 5));
  expect(made.loss).toBeCloseTo(expected.loss, 5);
  expect(made.validation).toMatchObject({ images: FILES.length, correct: expected.validation.correct });
  made.validation.logits.forEach((logit, i) => expect(logit).toBeCloseTo(expected.validation.logits[i] ?? NaN, 4));
});
