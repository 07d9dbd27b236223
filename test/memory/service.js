'use strict';

// A process that predicts as a service does, and tells its memory: node service.js DIST, which prints one JSON object. A process
// of its own, for its memory is to be its own.

const path = require('node:path');
const { setTimeout } = require('node:timers/promises');
const { limitAddresses, megabytes, options, resident } = require('./own-memory.js');

const SIZE = 160;

async function main([dist]) {
  const { loadAddon } = require(path.resolve(dist, 'backend', 'native', 'load.js'));
  const { buildNetwork } = require(path.resolve(dist, 'network', 'architecture.js'));
  const addon = loadAddon();
  const network = buildNetwork('resnet18', 1000);
  const { machine, session: whole } = options(network);
  const session = await addon.createSession(whole);
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
  if (limitAddresses((megabytes('VmSize') + 1024) * 2 ** 20)) {
    told.refused = await run(1, 12_000).then(
      () => 'no error',
      ({ code }) => code,
    );
    if (!limitAddresses('unlimited')) throw new Error('the limit can not be lifted');
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
