// Three threads of a process use the addon at the same time, while others that use it too are terminated. Prints what each of the three came to.
'use strict';

const { createHash } = require('node:crypto');
const path = require('node:path');
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');

const { dist, modelOf, sessionOf } = require('./small-session.js');
const { loadAddon } = require(path.join(dist, 'backend', 'native', 'load.js'));

const MODEL = modelOf(1);
const SESSION = sessionOf(1, {
  draws: 'counter',
  parameterGroups: [{ from: 'conv1' }],
  loss: { kind: 'cross-entropy', labelSmoothing: 0.1, classWeights: new Float64Array() },
  optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1 },
  ...{ clipGrad: 1, ema: 0.9 },
});
const ignore = () => {};

function noise(seed, side = 50) {
  const data = new Uint8Array(3 * side * side);
  for (let i = 0; i < data.length; i++) data[i] = ((i + seed) * 7919) >>> 5;
  return { width: side, height: side, data };
}

/** Trains, evaluates, predicts, explains and resizes, also several of them at once. */
async function work(addon) {
  const hash = createHash('sha256');
  const add = ({ buffer, byteOffset, byteLength }) => hash.update(Buffer.from(buffer, byteOffset, byteLength));
  const session = await addon.createSession(SESSION);
  const store = addon.createCropStore(4, 32);
  await Promise.all([0, 1, 2, 3].map((i) => store.put(i, noise(i), 36)));
  const targets = Int32Array.of(0, 1, 0, 1);
  for (let epoch = 1; epoch <= 2; epoch++) {
    const pass = { store, targets, batchSize: 2, epoch, learningRates: new Float64Array(2).fill(1e-3), keepFrom: 0 };
    const trained = session.trainEpoch(pass, (step) => hash.update(String(step.loss)));
    const crops = [1, 2, 3, 4].map((i) => addon.resizeCrop(noise(i, 300), { resize: 40, crop: 32 }));
    const draws = session.draws(epoch, 4);
    await trained;
    for (const { data } of await Promise.all(crops)) add(data);
    await draws;
    hash.update(String((await session.evaluate({ store, targets, batchSize: 3 }, ignore)).loss));
  }
  const model = await addon.createModel(MODEL, await session.stateDict());
  const run = { store, count: 4, batchSize: 3, features: true };
  const both = await Promise.all([model.run(run, ignore), model.run(run, ignore)]);
  for (const { logits, features } of both) [logits, features].forEach(add);
  await Promise.all([session.close(), model.close()]);
  store.close();
  return hash.digest('hex');
}

/** A thread that works until it is terminated, after so many milliseconds. */
async function terminated(delay) {
  const worker = new Worker(__filename, { workerData: 'endless' });
  await new Promise((resolve) => worker.once('message', resolve));
  await new Promise((resolve) => setTimeout(resolve, delay));
  return worker.terminate();
}

async function main() {
  const workers = [0, 1].map(
    () =>
      new Promise((resolve, reject) => {
        new Worker(__filename, { workerData: 'once' }).once('message', resolve).once('error', reject);
      }),
  );
  const short = [0, 3, 20, 70, 150].map(terminated);
  const hashes = await Promise.all([work(loadAddon()), ...workers]);
  await Promise.all(short);
  process.stdout.write(JSON.stringify(hashes));
}

const ROLES = {
  async once() {
    parentPort.postMessage(await work(loadAddon()));
  },
  async endless() {
    const addon = loadAddon();
    parentPort.postMessage('begun');
    for (;;) await work(addon);
  },
};

void (isMainThread ? main() : ROLES[workerData]());
