/**
 * Which of the fast ways a device takes, and where not, why: our CUDA kernels, convolutions that cuDNN fuses, steps that are written out
 * and recorded. Each has a plain way beside it, which is taken without a word where something is wrong. One JSON line for each.
 *
 *     node bench/gpu/fast-ways.js [--device cuda]
 */
'use strict';

const { parseArgs } = require('node:util');
const { loadAddon } = require('../../dist/backend/native/load.js');
const { buildNetwork } = require('../../dist/network/architecture.js');
const { MEAN, STD, start } = require('../ours/common');

const BATCH = 8;
const SIDE = 64;
const STEPS = 8;

function tell(name, reason, ok = reason === '') {
  process.stdout.write(`${JSON.stringify({ name, ok, expected: 'taken', found: ok ? 'taken' : reason })}\n`);
}

async function madeCrops(addon) {
  const store = addon.createCropStore(BATCH, SIDE);
  const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * 7919) % 251);
  for (let i = 0; i < BATCH; i++) await store.put(i, { width: SIDE, height: SIDE, data }, SIDE);
  return store;
}

/** Trains some steps, as many as it takes until they are recorded. */
async function steps(addon, store, options) {
  const session = await addon.createSession({
    ...{ ...options, explicitPass: true, recordSteps: true },
    recipe: {
      ...{ seed: 0, draws: 'counter', parameterGroups: [{ from: 'conv1' }], augment: [] },
      ...{ decayNormBias: true, clipGrad: 0, ema: 0, sampling: 'shuffle' },
      loss: { kind: 'cross-entropy', labelSmoothing: 0, classWeights: new Float64Array() },
      optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0, nesterov: false },
    },
    ...{ cacheMemory: 0, cacheDisk: 0, cacheFile: '', cacheBf16: false },
  });
  const indices = Int32Array.from({ length: BATCH * STEPS }, (_, i) => i % BATCH);
  const learningRates = new Float64Array(STEPS).fill(0.01);
  const pass = {
    store,
    indices,
    targets: indices.map((i) => i % 2),
    batchSize: BATCH,
    epoch: 1,
    learningRates,
    keepFrom: 0,
  };
  await session.trainEpoch(pass, () => {});
  const { explicitly, recorded, reason } = session.stepsComputed();
  tell('steps: written out', reason, explicitly);
  tell('steps: recorded', reason, recorded);
  const weights = await session.stateDict();
  await session.close();
  return weights;
}

async function main() {
  const { values } = parseArgs({ options: { device: { type: 'string', default: 'cuda' } } });
  const { device } = values;
  const addon = loadAddon();
  const { available, reason } = addon.cudaKernels(device);
  tell('CUDA kernels', reason, available);
  const store = await madeCrops(addon);
  const precision = device === 'cpu' ? 'fp32' : 'bf16';
  const options = { network: buildNetwork('resnet18', 2), device, precision, threads: 0, mean: MEAN, std: STD };
  const weights = await steps(addon, store, options);
  const model = await addon.createModel(options, weights);
  await model.run({ store, count: BATCH, batchSize: BATCH, features: false }, () => {});
  const { fusedConvolutions } = addon.gpuState();
  if (fusedConvolutions.length === 0) tell("cuDNN's fused convolutions", 'they were not tried');
  for (const one of fusedConvolutions) tell(`cuDNN's fused convolutions, ${one.type}`, one.reason);
  await model.close();
  store.close();
}

start(main);
