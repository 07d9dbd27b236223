import path from 'node:path';
import { openNativeBackend } from '../../lib/backend/native/backend';
import type { AdamWRecipe } from '../../lib/backend/recipe';
import type { Backend, CropStore, SessionState, StepEvent, ValidationResult } from '../../lib/backend/types';
import { decodeImage } from '../../lib/data/decode';
import { buildNetwork } from '../../lib/network/architecture';
import { difference, FILES, TARGETS } from '../backend/images';
import { scratch } from '../cli/run';
import { sessionWith, type SessionChanges } from '../made-weights';
import { slowRows } from '../slow';
import { BUILT_FOR_SEVERAL } from './built';
import { several, type Outcome } from './several';

const CROP = 48;
const EPOCHS = 2;
const ADAMW: AdamWRecipe = { kind: 'adamw', beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1 };
const SMOOTHED = { kind: 'cross-entropy', labelSmoothing: 0.1, classWeights: Float64Array.of(2, 0.5) } as const;

const PAINTED = { kind: 'trivial-augment', interpolation: 'nearest', fill: [0, 0, 0] } as const;

const onLinux = BUILT_FOR_SEVERAL ? test : test.skip;
const each = BUILT_FOR_SEVERAL ? test.each : test.skip.each;

const tmp = scratch();
const file = path.join(tmp, 'crops');
let backend: Backend;
let store: CropStore;
beforeAll(async () => {
  backend = await openNativeBackend(false);
  store = backend.createCropStore(FILES.length, CROP, file, true);
  for (const [i, name] of FILES.entries()) await store.put(i, await decodeImage(name), 54);
});
afterAll(() => store.close());

const optionsOf = (changes: SessionChanges) =>
  sessionWith({ network: buildNetwork('resnet18', 2), precision: 'fp64', threads: 1, draws: 'counter', ...changes });

function passesOf(batchSize: number, accumulate: number) {
  const count = Math.ceil(TARGETS.length / (batchSize * accumulate));
  return Array.from({ length: EPOCHS }, (_, e) => ({
    options: {
      ...{ targets: TARGETS, batchSize, accumulate, epoch: e + 1, keepFrom: e === 1 ? 1 : 0 },
      learningRates: Float64Array.from({ length: count }, (_, i) => 0.02 / (e + 1 + i)),
    },
  }));
}

interface Trained {
  steps: StepEvent[];
  evaluated: ValidationResult;
  state: SessionState;
}

async function alone(changes: SessionChanges, batchSize: number, accumulate: number): Promise<Trained> {
  const session = await backend.createSession(optionsOf(changes));
  try {
    const steps: StepEvent[] = [];
    for (const { options } of passesOf(batchSize, accumulate)) {
      await session.trainEpoch({ ...options, store }, (event) => steps.push(event));
    }
    const evaluated = await session.evaluate({ store, targets: TARGETS, batchSize }, () => {});
    return { steps, evaluated, state: await session.state() };
  } finally {
    await session.close();
  }
}

const together = (world: number, changes: SessionChanges, batchSize: number, accumulate: number) =>
  several(world, {
    options: optionsOf(changes),
    crops: { file, count: FILES.length, size: CROP },
    passes: passesOf(batchSize, accumulate),
  });

const lossesOf = ({ steps }: { steps: StepEvent[] }): number[] => steps.map(({ loss }) => loss);

/** What is trained how, by how many processes, in batches of what size, of which so many are added up. */
type Case = [string, SessionChanges, number, number, number];

/** Batch norms in evaluation mode: only then a part of a batch is normalised as the whole is. */
const FROZEN: Case[] = [
  ['an odd batch, a smaller last one', { trainFrom: 'fc', momentum: 0.9, loss: SMOOTHED }, 2, 3, 1],
  ['a process without an image in the last batch', { trainFrom: 'fc', optimizer: ADAMW, clipGrad: 0.5 }, 3, 7, 1],
  ['batches that are added up', { trainFrom: 'fc', loss: SMOOTHED, ema: 0.7 }, 2, 2, 2],
  ['a process without an image in any batch, painted', { trainFrom: 'fc', augment: [PAINTED] }, 3, 2, 1],
  ...slowRows<Case>(['the head alone', { trainFrom: 'fc', momentum: 0.9 }, 2, 4, 1]),
];

each(FROZEN)('%s: several processes train as one does', async (_, changes, world, batchSize, accumulate) => {
  const expected = await alone(changes, batchSize, accumulate);
  const made = (await together(world, changes, batchSize, accumulate)) as Outcome[];
  for (const outcome of made) {
    expect(outcome.error).toBeUndefined();
    expect(difference(lossesOf(outcome), lossesOf(expected))).toBeLessThan(1e-10);
    expect(outcome.steps.map(({ correct, images }) => [correct, images])).toEqual(
      expected.steps.map(({ correct, images }) => [correct, images]),
    );
    expect(difference(outcome.evaluated.logits, expected.evaluated.logits)).toBeLessThan(1e-6);
    expect(outcome.evaluated).toMatchObject({ images: TARGETS.length, correct: expected.evaluated.correct });
    expect(outcome.position).toMatchObject({ epoch: EPOCHS + 1, step: 0 });
  }
});

/** With mean and variance over all images every batch norm does what one process does. */
const SYNCHRONISED: Case[] = [
  ['a part of the network, an odd batch', { trainFrom: 'layer3', momentum: 0.9, weightDecay: 1e-3 }, 2, 3, 1],
  ['a process without an image in the last batch', { momentum: 0.9 }, 3, 7, 1],
  ['averaged weights, batches that are added up', { ema: 0.7, clipGrad: 0.5 }, 2, 4, 2],
  ...slowRows<Case>(
    ['mixed images', { augment: [{ kind: 'mixup', alpha: 0.4 }] }, 2, 4, 1],
    ['everything', { momentum: 0.9 }, 2, 4, 1],
    ['windows that are erased in part', { augment: [{ kind: 'random-erasing', probability: 0.5 }] }, 2, 4, 1],
  ),
];

each(SYNCHRONISED)('synchronised: %s', async (_, changes, world, batchSize, accumulate) => {
  const expected = await alone(changes, batchSize, accumulate);
  const made = (await together(world, { ...changes, syncBatchNorm: true }, batchSize, accumulate)) as Outcome[];
  for (const outcome of made) {
    expect(outcome.error).toBeUndefined();
    expect(difference(lossesOf(outcome), lossesOf(expected))).toBeLessThan(1e-6);
    expect(difference(outcome.evaluated.logits, expected.evaluated.logits)).toBeLessThan(1e-6);
    for (const { name, data } of outcome.tensors) {
      const own = [...expected.state.model, ...expected.state.optimizer].find((tensor) => tensor.name === name);
      if (own?.dtype === 'F64') expect(difference(float64(data), float64(own.data))).toBeLessThan(1e-6);
    }
  }
});

const float64 = (data: Uint8Array): Float64Array =>
  new Float64Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));

onLinux('synchronised: one value for each channel is an error of all, and no variance that is no number', async () => {
  const small = path.join(tmp, 'small');
  const crops = backend.createCropStore(FILES.length, 32, small, true);
  for (const [i, name] of FILES.entries()) await crops.put(i, await decodeImage(name), 36);
  const options = optionsOf({ syncBatchNorm: true });
  const made = (await several(2, {
    options,
    crops: { file: small, count: FILES.length, size: 32 },
    passes: passesOf(7, 1),
  })) as Outcome[];
  crops.close();
  for (const { error } of made) expect(error).toContain('Expected more than 1 value per channel when training');
});

onLinux(
  'without that each process has its own batches, and all evaluate with the statistics of the first',
  async () => {
    const made = (await together(2, { momentum: 0.9 }, 4, 1)) as Outcome[];
    const [first, second] = made as [Outcome, Outcome];
    expect(first.error).toBeUndefined();
    expect(lossesOf(first)).toEqual(lossesOf(second));
    expect(first.evaluated).toEqual(second.evaluated);
    const weights = ({ tensors }: Outcome) => tensors.filter(({ name }) => !/num_batches/.test(name));
    expect(weights(first)).toEqual(weights(second));
  },
);
