import type * as Core from '@tensorflow/tfjs-core';
import { openJsBackend } from '../../lib/backend/js/backend';
import { FeatureCache } from '../../lib/backend/js/feature-cache';
import { loadEngine } from '../../lib/backend/js/tfjs';
import { openNativeBackend } from '../../lib/backend/native/backend';
import { weightsOf, withSession } from './contract';
import { difference, fillStore, MODEL, TARGETS } from './images';
import { rates } from '../made-weights';

const ignore = (): void => {};
// eslint-disable-next-line @typescript-eslint/no-require-imports -- the very instance that the backend uses
const tf = require('@tensorflow/tfjs-core') as typeof Core;

test('memory stays the same over 200 predictions, and close gives it back', async () => {
  const backend = await openJsBackend('wasm');
  const before = tf.memory().numTensors;
  const model = await backend.createModel(MODEL, await weightsOf(backend));
  const store = await fillStore(backend, 32);
  const run = () => model.run({ store, count: 8, batchSize: 4, features: true }, ignore);
  await run();
  const after = tf.memory();
  for (let i = 1; i < 25; i++) await run();
  const { numTensors, numBytes } = tf.memory();
  expect({ numTensors, numBytes }).toEqual({ numTensors: after.numTensors, numBytes: after.numBytes });
  await model.close();
  expect(tf.memory().numTensors).toBe(before);
});

test.each(['fc', 'conv1'] as const)('memory stays the same from epoch to epoch, trained from %s', async (trainFrom) => {
  const backend = await openJsBackend('wasm');
  const before = tf.memory().numTensors;
  const store = await fillStore(backend, 32);
  const seen: unknown[] = [];
  await withSession(backend, { trainFrom }, async (session) => {
    for (let epoch = 1; epoch <= 3; epoch++) {
      const pass = { store, targets: TARGETS, batchSize: 8, epoch, ...rates(0.01, 1), keepFrom: 1 };
      await session.trainEpoch(pass, ignore);
      await session.evaluate({ store, targets: TARGETS, batchSize: 4 }, ignore);
      const { numTensors, numBytes } = tf.memory();
      seen.push({ numTensors, numBytes });
    }
    if (trainFrom === 'fc')
      await session.estimateSeconds?.({ epochs: 1, stepsPerEpoch: 1, images: 1, valImages: 1, size: 224 });
  });
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[2]).toEqual(seen[0]);
  expect(tf.memory().numTensors).toBe(before);
});

test('a pass leaves turns to the event loop', async () => {
  const backend = await openJsBackend('wasm');
  const model = await backend.createModel(MODEL, await weightsOf(backend));
  const store = await fillStore(backend, 32);
  let turns = 0;
  let running = true;
  const count = (): void => {
    turns++;
    if (running) setImmediate(count);
  };
  setImmediate(count);
  await model.run({ store, count: 8, batchSize: 8, features: false }, ignore);
  running = false;
  expect(turns).toBeGreaterThanOrEqual(8 * 6);
  await model.close();
});

test('plain JavaScript gives the same logits and losses, and both kinds of kernels run side by side', async () => {
  const native = await openNativeBackend();
  const tensors = await weightsOf(native);
  const backends = [await openJsBackend('cpu'), await openJsBackend('wasm'), native];
  expect(backends.map(({ label }) => label)).toEqual(['js (cpu)', 'js (wasm)', 'native']);
  const made = await Promise.all(
    backends.map(async (backend) => {
      const store = await fillStore(backend, 32, 2);
      const model = await backend.createModel(MODEL, tensors);
      const { logits } = await model.run({ store, count: 2, batchSize: 1, features: false }, ignore);
      await model.close();
      const losses: number[] = [];
      await withSession(backend, {}, async (session) => {
        const pass = { store, targets: Int32Array.of(0, 1), batchSize: 2 };
        for (let epoch = 1; epoch <= 3; epoch++) {
          await session.trainEpoch({ ...pass, epoch, ...rates(0.01, 1) }, ({ loss }) => losses.push(loss));
        }
      });
      return { logits, losses };
    }),
  );
  const expected = made[2];
  for (const { logits, losses } of made) {
    expect(difference(logits, expected?.logits ?? [])).toBeLessThan(1e-3);
    expect(difference(losses, expected?.losses ?? [])).toBeLessThan(1e-4);
  }
});

test('WebAssembly without room is an error, and what comes after still works', async () => {
  const engine = await loadEngine('wasm');
  const fill = (shape: number[]) => engine.read(() => tf.fill(shape, 1).dataSync<'float32'>());
  expect(() => fill([1024, 1024, 1024])).toThrow('the memory of WebAssembly');
  expect(Array.from(fill([2]))).toEqual([1, 1]);
});

test("another program's choice of kernels stays as it is", async () => {
  const backend = await openJsBackend('wasm');
  await openJsBackend('cpu');
  await tf.setBackend('cpu');
  const model = await backend.createModel(MODEL, await weightsOf(backend));
  await model.close();
  expect(tf.getBackend()).toBe('cpu');
});

test('features that are no numbers stay so in bfloat16, whatever their bits', () => {
  const cache = new FeatureCache(1, 6, true, { memory: 1e3, disk: 0, file: '' }, '');
  const bits = Uint32Array.of(0x7fffffff, 0xffffffff, 0x7fc00000, 0xff800001, 0x7f800000, 0x3f80c000);
  cache.set(0, new Float32Array(bits.buffer));
  expect([...(cache.get(0) ?? [])]).toEqual([NaN, NaN, NaN, NaN, Infinity, 1.0078125]);
  cache.close();
});
