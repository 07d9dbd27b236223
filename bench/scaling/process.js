/** One process of bench/scaling.js: trains alone or together with the others, and adds up bytes with them, as its parent says. */
'use strict';

const { loadAddon } = require('../../dist/backend/native/load.js');
const { buildNetwork } = require('../../dist/network/architecture.js');
const { resolveTrainOptions } = require('../../dist/options/index.js');
const { recipeOf } = require('../../dist/train/recipe.js');
const { MEAN, STD } = require('../ours/common');

/** Opens a session, and gives what runs a pass of some steps on it. */
async function trainer(addon, { arch, size, threads, syncBatchNorm }, images, batchSize, team) {
  const store = addon.createCropStore(images, size);
  const side = { width: size, height: size, data: Buffer.alloc(size * size * 3, 127) };
  for (let i = 0; i < images; i++) await store.put(i, side, 0);
  const targets = Int32Array.from({ length: images }, (_, i) => i % 2);
  const session = await addon.createSession({
    ...{ network: buildNetwork(arch, 2), device: 'cpu', precision: 'fp32', threads },
    recipe: recipeOf(resolveTrainOptions({ data: '.', trainFrom: 'conv1' })),
    ...{ mean: MEAN, std: STD, cacheMemory: 0, cacheDisk: 0, cacheFile: '', cacheBf16: false },
    ...(team === undefined ? {} : { team, syncBatchNorm }),
  });
  let epoch = 0;
  /** Milliseconds of a step. */
  const run = async () => {
    const steps = images / batchSize;
    const learningRates = new Float64Array(steps).fill(1e-4);
    const begun = performance.now();
    await session.trainEpoch({ store, targets, batchSize, epoch: ++epoch, learningRates, keepFrom: 0 }, () => {});
    return (performance.now() - begun) / steps;
  };
  return { run, close: () => session.close() };
}

async function main() {
  const addon = loadAddon();
  let team;
  const trainers = {};
  const calls = {
    async open({ options, team: place, world }) {
      const { batch, steps } = options;
      trainers.apart = await trainer(addon, options, steps * batch, batch);
      if (place === undefined) return;
      team = await addon.connectTeam(place);
      trainers.together = await trainer(addon, options, steps * batch * world, batch * world, team);
    },
    train: ({ how }) => trainers[how].run(),
    sums: async ({ bytes, rounds }) => [...(await team.timeSums('cpu', bytes, rounds))],
    async close() {
      for (const { close } of Object.values(trainers)) await close();
      await team?.close();
    },
  };
  process.on('message', async (message) => {
    try {
      process.send({ value: await calls[message.call](message) });
    } catch (error) {
      process.send({ error: error.message });
    }
    if (message.call === 'close') process.disconnect();
  });
}

main();
