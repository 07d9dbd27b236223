/** Images per second of decoding, resizing and cropping: the clock runs for the crops alone, from their first to their last. */
'use strict';

// As bin/resnet-ft.js does, before the pool is first used.
process.env.UV_THREADPOOL_SIZE ??= String(require('node:os').availableParallelism() + 4);

const { createHash } = require('node:crypto');
const { loadAddon } = require('../../dist/backend/native/load.js');
const { openDataset } = require('../../dist/data/dataset.js');
const { emit, start } = require('./common');

async function main([data, passes]) {
  const { train, val } = await openDataset({ data, seed: 0 });
  const samples = Array.from({ length: Number(passes) }, () => [...train, ...val]).flat();
  const backend = loadAddon();
  const started = performance.now();
  // Loading the decoder is part of the time, as the start of the workers is of the peer's.
  const { makeCrops } = await import('../../dist/data/crops.js');
  const { store } = await makeCrops({ backend, samples, resize: 256, crop: 224, skipUnreadable: false });
  const seconds = (performance.now() - started) / 1000;
  const digest = createHash('sha256');
  for (let i = 0; i < samples.length; i++) digest.update(store.get(i));
  emit('result', { images: samples.length, seconds, sha256: digest.digest('hex') });
  store.close();
}

start(main);
