import fs from 'node:fs';
import path from 'node:path';
import { openNativeBackend } from '../../lib/backend/native/backend';
import type { Backend, CropStore, SessionOptions, TrainingSession } from '../../lib/backend/types';
import { buildNetwork } from '../../lib/network/architecture';
import { resolveTrainOptions, type TrainOptions } from '../../lib/options';
import { readClassWeights } from '../../lib/train/class-weights';
import { recipeOf } from '../../lib/train/recipe';
import { createMomenta, createSchedule } from '../../lib/train/schedule';
import { runSteps } from '../../lib/train/steps';
import { SESSION } from '../made-weights';

/** What make_vectors.py writes of a case. */
interface Case {
  options: Omit<TrainOptions, 'data'>;
  losses: number[];
  /** The greatest of the parameter groups. */
  rates: number[];
  momenta: number[];
  /** By the number of the step, from 1: of each tensor its sum, its L2 norm, its last element, and the sum of its absolute values. */
  weights: Record<string, Record<string, [sum: number, norm: number, last: number, size: number]>>;
  evaluated: number;
}

const CLASSES = 3;
const SIDE = 48;
const IMAGES = 11;
const TARGETS = Int32Array.from({ length: IMAGES }, (_, i) => [0, 0, 1, 2][i % 4] ?? 0);
const TOLERANCE = 1e-9;
const ignore = (): void => {};

const { cases } = JSON.parse(fs.readFileSync(path.join(__dirname, 'vectors', 'training.json'), 'utf8')) as {
  cases: Record<string, Case>;
};

let backend: Backend;
/** A store of images that make_vectors.py makes too. */
async function open(): Promise<CropStore> {
  backend = await openNativeBackend();
  const store = backend.createCropStore(IMAGES, SIDE);
  for (let k = 0; k < IMAGES; k++) {
    const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
      const [y, x, c] = [Math.floor(i / 3 / SIDE), Math.floor(i / 3) % SIDE, i % 3];
      return (37 * k + 5 * y * (c + 1) + 3 * x * (k + 1)) % 256;
    });
    await store.put(k, { width: SIDE, height: SIDE, data }, SIDE);
  }
  return store;
}

/** The session of a run with these options, in float64, without mirroring. */
async function openSession(options: ReturnType<typeof resolveTrainOptions>): Promise<TrainingSession> {
  const classes = ['a', 'b', 'c'];
  const weights = await readClassWeights(options.classWeights, { classes, train: samples() });
  const session: SessionOptions = {
    ...SESSION,
    network: buildNetwork('resnet18', CLASSES),
    precision: 'fp64',
    threads: 1,
    recipe: { ...recipeOf(options, weights), augment: [] },
    cacheMemory: 1e9,
  };
  return backend.createSession(session);
}

const samples = (): { target: number }[] => Array.from(TARGETS, (target) => ({ target }));

/** Samples that come in their own order, whatever is drawn: each is put where the order takes it from. */
function inOrder(session: TrainingSession, epoch: number): { targets: Int32Array; indices: Int32Array } {
  const { order } = session.draws(epoch, IMAGES);
  const [targets, indices] = [new Int32Array(IMAGES), new Int32Array(IMAGES)];
  for (const [place, sample] of order.entries()) {
    targets[sample] = TARGETS[place] ?? 0;
    indices[sample] = place;
  }
  return { targets, indices };
}

function expectClose(what: string, made: number, expected: number, size = Math.abs(expected)): void {
  // Written so that what is no number is not close.
  expect([what, made, Math.abs(made - expected) <= TOLERANCE * size]).toEqual([what, made, true]);
}

async function expectWeights(
  session: TrainingSession,
  after: string,
  expected: Case['weights'][string],
): Promise<void> {
  const tensors = new Map((await session.stateDict()).map((tensor) => [tensor.name, tensor]));
  for (const [name, [sum, norm, last, size]] of Object.entries(expected)) {
    const { buffer, byteOffset, byteLength } = tensors.get(name)?.data ?? new Uint8Array();
    const values = new Float64Array(buffer, byteOffset, byteLength / 8);
    const total = values.reduce((whole, value) => whole + value, 0);
    const what = `${name} after step ${after}`;
    expectClose(`sum of ${what}`, total, sum, size);
    expectClose(`norm of ${what}`, Math.sqrt(values.reduce((whole, value) => whole + value * value, 0)), norm);
    expectClose(`last of ${what}`, values.at(-1) ?? NaN, last, Math.max(Math.abs(last), size / values.length));
  }
}

/** The tests of so many of the twenty steps of each case; what is validated after them is that of all. */
export function vectorsSuite(most: number): void {
  let store: CropStore;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());
  test.each(Object.entries(cases))(`%s: ${most} steps as torch does them`, async (_name, made) => {
    const options = resolveTrainOptions({ data: 'none', draws: 'counter', batchSize: 4, ...made.options });
    const steps = Math.min(most, made.losses.length);
    const run = { ...runSteps(IMAGES, options), total: made.losses.length };
    const [schedule, momenta] = [createSchedule(options, run), createMomenta(options, run)];
    const session = await openSession(options);
    for (let step = 0; step < steps; step++) {
      const epoch = Math.floor(step / run.stepsPerEpoch) + 1;
      const rates = schedule(step, 1);
      expectClose(`rate of step ${step}`, Math.max(...rates), made.rates[step] ?? NaN);
      const own = momenta === undefined ? {} : { momenta: momenta(step, 1) };
      if (own.momenta !== undefined)
        expectClose(`momentum of step ${step}`, own.momenta[0] ?? NaN, made.momenta[step] ?? NaN);
      const { batchSize, accumulate } = options;
      const pass = { store, ...inOrder(session, epoch), batchSize, accumulate, epoch, keepFrom: 0 };
      let loss = NaN;
      await session.trainEpoch({ ...pass, learningRates: rates, ...own }, (event) => (loss = event.loss));
      expectClose(`loss of step ${step + 1}`, loss, made.losses[step] ?? NaN);
      const weights = made.weights[String(step + 1)];
      if (weights !== undefined) await expectWeights(session, String(step + 1), weights);
    }
    if (steps < made.losses.length) return session.close();
    // Without smoothing or weights, and with averages where there are any.
    const evaluated = await session.evaluate({ store, targets: TARGETS, batchSize: 4 }, ignore);
    await session.close();
    expectClose('validation', evaluated.loss, made.evaluated);
  });
}
