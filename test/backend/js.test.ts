import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type * as Core from '@tensorflow/tfjs-core';
import { openJsBackend } from '../../lib/backend/js/backend';
import { FeatureCache } from '../../lib/backend/js/feature-cache';
import { loadEngine } from '../../lib/backend/js/tfjs';
import { openNativeBackend } from '../../lib/backend/native/backend';
import { weightsOf, withSession } from './sessions';
import { difference, fillStore, MODEL, TARGETS } from './images';
import { rates, type SessionChanges } from '../made-weights';

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

test('features as bfloat16 are the same where there is room for all of them, for some and for none', async () => {
  const backend = await openJsBackend('wasm');
  const store = await fillStore(backend, 32, 4);
  const targets = TARGETS.slice(0, 4);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-cache-'));
  const figures = (room: SessionChanges): Promise<unknown> =>
    withSession(backend, { ...room, trainFrom: 'fc', cacheBf16: true }, async (session) => {
      const losses: number[] = [];
      for (let epoch = 1; epoch <= 2; epoch++) {
        const pass = { store, targets, batchSize: 2, epoch, ...rates(0.1, 2) };
        await session.trainEpoch(pass, ({ loss }) => losses.push(loss));
      }
      const { loss, logits } = await session.evaluate({ store, targets, batchSize: 2 }, ignore);
      return [losses, loss, logits];
    });
  const expected = await figures({ cacheMemory: 1e9 });
  expect(await figures({ cacheMemory: 0 })).toEqual(expected);
  const row = 512 * 2;
  const some = { cacheMemory: row, cacheDisk: 2 * row, cacheFile: path.join(folder, 'features') };
  expect(await figures(some)).toEqual(expected);
  fs.rmdirSync(folder);
});

test('a training step that fails keeps nothing in memory', async () => {
  const backend = await openJsBackend('wasm');
  const before = tf.memory().numTensors;
  const store = await fillStore(backend, 32);
  await withSession(backend, { trainFrom: 'conv1' }, async (session) => {
    const opened = tf.memory();
    const pass = { store, targets: TARGETS, batchSize: 1, ...rates(0.01, 1) };
    for (let epoch = 1; epoch <= 2; epoch++) {
      // What layer4 makes of 32 pixels is a single one.
      await expect(session.trainEpoch({ ...pass, epoch }, ignore)).rejects.toThrow('Expected more than 1 value');
      const { numTensors, numBytes } = tf.memory();
      expect({ numTensors, numBytes }).toEqual({ numTensors: opened.numTensors, numBytes: opened.numBytes });
    }
    // And the next one is as if nothing had been.
    const { images } = await session.trainEpoch({ ...pass, epoch: 2, batchSize: 8 }, ignore);
    expect(images).toBe(8);
  });
  expect(tf.memory().numTensors).toBe(before);
});

test.each(['forward', 'backward'])('a kernel that fails on the way %s keeps nothing in memory', async (way) => {
  const backend = await openJsBackend('wasm');
  const store = await fillStore(backend, 32);
  await withSession(backend, { trainFrom: 'conv1' }, async (session) => {
    const pass = { store, targets: TARGETS, batchSize: 8, ...rates(0.01, 1) };
    await session.trainEpoch({ ...pass, epoch: 1 }, ignore);
    const { numTensors } = tf.memory();
    const engine = tf.engine();
    const run = engine.runKernel.bind(engine);
    // The way back alone has such kernels; the way there has twenty convolutions.
    const failing = way === 'forward' ? { name: 'Conv2D', after: 9 } : { name: 'Reverse', after: 2 };
    let calls = 0;
    const spy = jest.spyOn(engine, 'runKernel').mockImplementation((name, ...rest) => {
      if (name === failing.name && ++calls > failing.after) throw new Error('no room');
      return run<Core.Tensor>(name, ...rest);
    });
    await expect(session.trainEpoch({ ...pass, epoch: 2 }, ignore)).rejects.toThrow('no room');
    spy.mockRestore();
    expect(tf.memory().numTensors).toBe(numTensors);
    await expect(session.trainEpoch({ ...pass, epoch: 2 }, ignore)).resolves.toMatchObject({ images: 8 });
  });
});

test("handlers that a program adds while TensorFlow.js is loaded stay, and Emscripten's go", () => {
  const script = `
    const { loadEngine } = require(${JSON.stringify(path.resolve('dist/backend/js/tfjs.js'))});
    const events = ['uncaughtException', 'unhandledRejection'];
    const own = function (reason) { throw reason; };
    for (const event of events) process.on(event, own);
    const loading = loadEngine('wasm');
    const late = (reason) => { throw reason; };
    // At each point at which the loading waits.
    let loaded = false;
    const add = () => {
      if (loaded) return;
      for (const event of events) if (!process.listeners(event).includes(late)) process.on(event, late);
      for (const event of events) process.once(event, () => {});
      setImmediate(add);
    };
    add();
    loading.then(() => {
      loaded = true;
      const said = events.map((event) => {
        const texts = process.rawListeners(event).map(String);
        const found = process.listeners(event);
        return [found.includes(own), found.includes(late), found.length > 2, texts.some((text) => text.includes('ExitStatus'))];
      });
      console.log(JSON.stringify([said, process.listenerCount('unhandledRejection') - process.listenerCount('uncaughtException')]));
    });`;
  const said = execFileSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  expect(JSON.parse(said)).toEqual([Array(2).fill([true, true, true, false]), 0]);
});
