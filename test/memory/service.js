'use strict';

// A process that predicts as a service does, and tells its memory: node service.js DIST, which prints one JSON object. A process
// of its own, for its memory is to be its own.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout } = require('node:timers/promises');

const SIZE = 160;
const NORMALISATION = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Megabytes of a line of /proc/self/status. */
function megabytes(name) {
  const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(fs.readFileSync('/proc/self/status', 'utf8'));
  return Math.round(Number(kilobytes) / 1024);
}

/** What is resident once a collection has shown the arrays of the results to be free. */
function resident() {
  global.gc();
  return megabytes('VmRSS');
}

async function main([dist]) {
  const { loadAddon } = require(path.resolve(dist, 'backend', 'native', 'load.js'));
  const { buildNetwork } = require(path.resolve(dist, 'network', 'architecture.js'));
  const addon = loadAddon();
  const network = buildNetwork('resnet18', 1000);
  const machine = { network, device: 'cpu', precision: 'fp32', threads: 2, ...NORMALISATION };
  const recipe = {
    ...{
      seed: 0,
      draws: 'torch',
      parameterGroups: [{ from: 'conv1' }],
      loss: { kind: 'cross-entropy', labelSmoothing: 0, classWeights: new Float64Array() },
      augment: [],
    },
    optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0, nesterov: false },
    ...{ decayNormBias: true, clipGrad: 0, ema: 0, sampling: 'shuffle' },
  };
  const cache = { cacheMemory: 0, cacheDisk: 0, cacheFile: '', cacheBf16: false };
  const session = await addon.createSession({ ...machine, recipe, ...cache });
  const tensors = await session.stateDict();
  await session.close();
  const model = await addon.createModel(machine, tensors);
  const run = async (count, size = SIZE) => {
    const store = addon.createCropStore(count, size);
    try {
      await model.run({ store, count, batchSize: count, features: false }, () => {});
    } finally {
      store.close();
    }
  };
  const single = async (times) => {
    for (let i = 0; i < times; i++) await run(1);
  };
  // As little as it can be, at first and after everything.
  const told = {};
  await single(20);
  told.fresh = resident();

  // One block that the address space has no room for is refused: what is counted must be right afterwards too.
  const address = (bytes) => spawnSync('prlimit', ['--pid', String(process.pid), `--as=${bytes}:`]).status === 0;
  if (address((megabytes('VmSize') + 1024) * 2 ** 20)) {
    told.refused = await run(1, 12_000).then(
      () => 'no error',
      ({ code }) => code,
    );
    if (!address('unlimited')) throw new Error('the limit can not be lifted');
  }
  await run(256);
  told.peak = megabytes('VmHWM');
  await single(20);
  told.afterSingles = resident();

  await run(256);
  await setTimeout(7000);
  told.afterRest = resident();
  await model.close();
  process.stdout.write(JSON.stringify(told));
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
