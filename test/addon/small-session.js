// The small model and the session that the programs of this folder are about.
'use strict';

const path = require('node:path');
const dist = path.join(__dirname, '..', '..', 'dist');
const { buildNetwork } = require(path.join(dist, 'network', 'architecture.js'));

/** Options of `createModel`. */
const modelOf = (threads) => ({
  ...{ network: buildNetwork('resnet18', 2), device: 'cpu', precision: 'fp32' },
  ...{ threads, mean: [0, 0, 0], std: [1, 1, 1] },
});

/** Options of `createSession`; `recipe` is what differs of the recipe. */
const sessionOf = (threads, recipe = {}) => ({
  ...modelOf(threads),
  recipe: {
    ...{
      seed: 1,
      draws: 'torch',
      parameterGroups: [{ from: 'fc' }],
      loss: { kind: 'cross-entropy', labelSmoothing: 0, classWeights: new Float64Array() },
    },
    optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0, nesterov: false },
    ...{ decayNormBias: true, clipGrad: 0, ema: 0, sampling: 'shuffle' },
    augment: [{ kind: 'horizontal-flip', probability: 0.5 }],
    ...recipe,
  },
  ...{ cacheMemory: 0, cacheDisk: 0, cacheFile: '', cacheBf16: false },
});

module.exports = { dist, modelOf, sessionOf };
