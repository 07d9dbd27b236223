'use strict';

// What the processes share that look at their own memory.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');

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

/** Lets this process have at most so many bytes of addresses, or as many as it likes; whether that could be set. */
function limitAddresses(bytes) {
  return spawnSync('prlimit', ['--pid', String(process.pid), `--as=${bytes}:`]).status === 0;
}

/** Options of a session with this network; those of a model stand in it by themselves. */
function options(network) {
  const normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  const machine = { network, device: 'cpu', precision: 'fp32', threads: 2, ...normalisation };
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
  return { machine, session: { ...machine, recipe, ...cache } };
}

module.exports = { megabytes, resident, limitAddresses, options };
