'use strict';

// A process that trains on a batch that there is no memory for, and tells its memory: node refused.js DIST explicit|autograd, which prints one
// JSON object.

const path = require('node:path');
const { limitAddresses, megabytes, options, resident } = require('./own-memory.js');

const SIZE = 160;
const IMAGES = 160;
/** What the first convolution gives, and the batch norm after it again: the largest blocks of a step. In megabytes. */
const LARGEST = (IMAGES * 64 * (SIZE / 2) ** 2 * 4) / 2 ** 20;

async function main([dist, way]) {
  const { loadAddon } = require(path.resolve(dist, 'backend', 'native', 'load.js'));
  const { buildNetwork } = require(path.resolve(dist, 'network', 'architecture.js'));
  const addon = loadAddon();
  const { session: whole } = options(buildNetwork('resnet18', 2));
  const session = await addon.createSession({ ...whole, explicitPass: way === 'explicit' });
  const store = addon.createCropStore(IMAGES, SIZE);
  let epoch = 0;
  const step = (images) => {
    const own = { store, targets: new Int32Array(images), batchSize: images, epoch: ++epoch };
    return session.trainEpoch({ ...own, keepFrom: 0, learningRates: new Float64Array(1) }, () => {});
  };
  const attempt = (images) =>
    step(images).then(
      () => 'fits',
      (error) => error.message,
    );
  const told = { explicitly: session.stepsComputed().explicitly };
  await step(4);
  told.fresh = resident();
  // Room for one of the two, and for what oneDNN needs: it does not bear to find none.
  if (limitAddresses(Math.round((megabytes('VmSize') + 1.6 * LARGEST) * 2 ** 20))) {
    told.refused = await attempt(IMAGES);
    if (!limitAddresses('unlimited')) throw new Error('the limit can not be lifted');
    told.afterRefused = resident();
  }
  await session.close();
  store.close();
  process.stdout.write(JSON.stringify(told));
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
