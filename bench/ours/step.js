/** Images per second of training steps of the native core on uint8 crops; flip and normalisation are part of the time. */
'use strict';

const { parseArgs } = require('node:util');
const { loadAddon } = require('../../dist/backend/native/load.js');
const { buildNetwork } = require('../../dist/network/architecture.js');
const { MEAN, STD, emit, loadStore, start } = require('./common');

async function main() {
  const text = { type: 'string' };
  const options = {
    ...{ classes: text, 'batch-size': text, warm: text, steps: text, threads: text },
    ...{ device: text, precision: text, 'explicit-pass': text, 'record-steps': text },
  };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const flag = (name) => (values[name] === undefined ? undefined : values[name] === 'yes');
  const batchSize = Number(values['batch-size']);
  const warm = Number(values.warm);
  const steps = Number(values.steps);
  const classes = Number(values.classes);
  const { device = 'cpu', precision = 'fp32' } = values;

  const addon = loadAddon();
  const session = await addon.createSession({
    ...{ network: buildNetwork('resnet50', classes), device, precision, threads: Number(values.threads ?? 0) },
    ...{ mean: MEAN, std: STD },
    recipe: {
      ...{
        seed: 0,
        draws: 'counter',
        parameterGroups: [{ from: 'conv1' }],
        loss: { kind: 'cross-entropy', labelSmoothing: 0, classWeights: new Float64Array() },
        augment: [],
      },
      optimizer: { kind: 'sgd', momentum: 0.5, weightDecay: 0, nesterov: false },
      ...{ decayNormBias: true, clipGrad: 0, ema: 0, sampling: 'shuffle' },
    },
    ...{ cacheMemory: 0, cacheDisk: 0, cacheFile: '', cacheBf16: false },
    ...{ explicitPass: flag('explicit-pass'), recordSteps: flag('record-steps') },
  });
  const store = await loadStore(addon, positionals[0], batchSize);
  // The same images in every step, unflipped, as the peer has them.
  let epoch = 0;
  const pass = (count, onStep) => {
    const indices = Int32Array.from({ length: count * batchSize }, (_, i) => i % batchSize);
    const targets = indices.map((index) => index % classes);
    const learningRates = new Float64Array(count).fill(0.01);
    return session.trainEpoch(
      { store, targets, indices, batchSize, epoch: ++epoch, learningRates, keepFrom: 0 },
      onStep,
    );
  };

  let first;
  let started;
  const begin = ({ step, loss }) => {
    first ??= loss;
    if (step === warm) started = performance.now();
  };
  if (device === 'cpu') {
    await pass(warm + steps, begin);
  } else {
    // A GPU's losses may be read back late, so the steps of the warm-up are a pass of their own.
    await pass(warm, begin);
    started = performance.now();
    await pass(steps, () => {});
  }
  const seconds = (performance.now() - started) / 1000;
  emit('result', { images: steps * batchSize, seconds, loss: first, computed: session.stepsComputed() });
  await session.close();
  store.close();
}

start(main);
