/** Crops of a data set, and sessions and models to try on them. */
'use strict';

const { createHash } = require('node:crypto');
const { makeCrops } = require('../../dist/data/crops.js');
const { openDataset } = require('../../dist/data/dataset.js');
const { buildNetwork } = require('../../dist/network/architecture.js');
const { MEAN, SIZE, STD } = require('../ours/common');

const CLASSES = 2;
const nothing = () => {};

/** Training and validation crops of a folder, with the classes of each, and the files in ImageFolder's order. */
async function openImages(addon, data) {
  const dataset = await openDataset({ data, seed: 0 });
  if (dataset.classes.length !== CLASSES) throw new Error(`${data} must have ${CLASSES} classes`);
  const split = async (samples) => {
    const { store } = await makeCrops({ backend: addon, samples, resize: 256, crop: SIZE, skipUnreadable: false });
    return { store, targets: Int32Array.from(samples, ({ target }) => target), files: samples.map(({ file }) => file) };
  };
  const [train, val] = [await split(dataset.train), await split(dataset.val)];
  return { train, val, close: () => [train, val].forEach(({ store }) => store.close()) };
}

/** Options of a session; `trainFrom` and `momentum` are the recipe's. */
function sessionOptions({ arch = 'resnet50', trainFrom = 'conv1', momentum = 0.9, seed = 0, ...changes }) {
  return {
    ...{ network: buildNetwork(arch, CLASSES), precision: 'fp32', threads: 0, mean: MEAN, std: STD },
    recipe: {
      ...{ seed, draws: 'torch', parameterGroups: [{ from: trainFrom }] },
      optimizer: { kind: 'sgd', momentum, weightDecay: 0, nesterov: false },
      ...{ decayNormBias: true, clipGrad: 0, ema: 0, sampling: 'shuffle' },
      loss: { kind: 'cross-entropy', labelSmoothing: 0, classWeights: new Float64Array() },
      augment: [{ kind: 'horizontal-flip', probability: 0.5 }],
    },
    ...{ cacheMemory: 1e9, cacheDisk: 0, cacheFile: '', cacheBf16: false },
    ...changes,
  };
}

/** Runs `work` with a session that is closed afterwards. */
async function withSession(addon, changes, work) {
  const session = await addon.createSession(sessionOptions(changes));
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** The logits of a model in use. */
async function logitsOf(addon, { device, precision, arch = 'resnet50' }, tensors, { store, targets }, batchSize) {
  const network = buildNetwork(arch, CLASSES);
  const model = await addon.createModel({ network, device, precision, threads: 0, mean: MEAN, std: STD }, tensors);
  try {
    const options = { store, count: targets.length, batchSize, features: false };
    return Array.from((await model.run(options, nothing)).logits);
  } finally {
    await model.close();
  }
}

/** The steps of some epochs' passes, each of so many steps. */
async function train(session, { store, targets }, { batchSize, epochs, lr = 0.001 }) {
  const losses = [];
  for (const [epoch, steps] of epochs) {
    const learningRates = new Float64Array(steps).fill(lr);
    const pass = { store, targets, batchSize, epoch, learningRates, keepFrom: 0 };
    await session.trainEpoch(pass, ({ loss }) => losses.push(loss));
  }
  return losses;
}

/** One hash of all tensors. */
function hashOf(tensors) {
  const hash = createHash('sha256');
  for (const { name, data } of tensors) hash.update(name).update(data);
  return hash.digest('hex');
}

module.exports = { hashOf, logitsOf, nothing, openImages, train, withSession };
