/**
 * Which of the fast ways a device takes, and where not, why: our CUDA kernels, convolutions that cuDNN fuses, steps that are written out
 * and recorded. Each has a plain way beside it, which is taken without a word where something is wrong. One JSON line for each.
 *
 *     node bench/gpu/fast-ways.js [--device cuda]
 */
'use strict';

const { parseArgs } = require('node:util');
const { loadAddon } = require('../../dist/backend/native/load.js');
const { start } = require('../ours/common');
const { logitsOf, train, withSession } = require('./images');

const BATCH = 8;
const SIDE = 64;
const STEPS = 8;

function tell(name, reason, ok = reason === '') {
  process.stdout.write(`${JSON.stringify({ name, ok, expected: 'taken', found: ok ? 'taken' : reason })}\n`);
}

/** Crops without meaning, enough for some steps. */
async function madeCrops(addon) {
  const count = BATCH * STEPS;
  const store = addon.createCropStore(count, SIDE);
  const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * 7919) % 251);
  for (let i = 0; i < count; i++) await store.put(i, { width: SIDE, height: SIDE, data }, SIDE);
  return { store, targets: Int32Array.from({ length: count }, (_, i) => i % 2) };
}

async function main() {
  const { values } = parseArgs({ options: { device: { type: 'string', default: 'cuda' } } });
  const { device } = values;
  const addon = loadAddon();
  const { available, reason } = addon.cudaKernels(device);
  tell('CUDA kernels', reason, available);
  const crops = await madeCrops(addon);
  const options = { arch: 'resnet18', device, precision: device === 'cpu' ? 'fp32' : 'bf16' };
  // As many steps as it takes until they are recorded.
  const weights = await withSession(addon, { ...options, explicitPass: true, recordSteps: true }, async (session) => {
    await train(session, crops, { batchSize: BATCH, epochs: [[1, STEPS]] });
    const { explicitly, recorded, reason: why } = session.stepsComputed();
    tell('steps: written out', why, explicitly);
    tell('steps: recorded', why, recorded);
    return session.stateDict();
  });
  await logitsOf(addon, options, weights, crops, BATCH);
  const { fusedConvolutions } = addon.gpuState();
  if (fusedConvolutions.length === 0) tell("cuDNN's fused convolutions", 'they were not tried');
  for (const one of fusedConvolutions) tell(`cuDNN's fused convolutions, ${one.type}`, one.reason);
  crops.store.close();
}

start(main);
