/**
 * What augmentation costs: images per second of training a ResNet-50 with and without it, the share of the time in which the network waits for
 * the next batch, and the CPU time of an image, which with `--threads 1` other processes on the machine hardly change. Images are made up, of
 * 500 x 375 pixels, and everything else is as in `train`.
 *
 *     node bench/augmentation.js [--batch-size 32] [--threads 2] [--steps 6] [--rounds 2] [--arch resnet50] [--device cpu]
 */
'use strict';

const { parseArgs } = require('node:util');
const { openNativeBackend } = require('../dist/backend/native/backend.js');
const { buildNetwork } = require('../dist/network/architecture.js');
const { resolveTrainOptions } = require('../dist/options/index.js');
const { recipeOf } = require('../dist/train/recipe.js');
const { describeMachine } = require('./lib/machine');
const { MEAN, SIZE, STD, emit, start } = require('./ours/common');

const CLASSES = 10;
const SHORT_SIDE = 379;

/** The rows: options as of the command line, and the threads that read ahead; undefined leaves them to the backend. */
const ROWS = [
  ['mirrored only', {}],
  ['random resized crops', { cropScale: '0.35..1' }],
  ['the same, no threads', { cropScale: '0.35..1' }, 0],
  ['with color jitter', { cropScale: '0.35..1', colorJitter: '0.4,0.4,0.4,0.1' }],
  ['with TrivialAugment', { cropScale: '0.35..1', trivialAugment: true }],
  ['the same, no threads', { cropScale: '0.35..1', trivialAugment: true }, 0],
  ['with RandAugment 2,9, erasing, mixup', { cropScale: '0.35..1', randAugment: '2,9', erasing: 0.1, mixup: 0.2 }],
];

/** A picture of soft shapes with some noise, another one for each number. */
function madePhoto(number) {
  const [width, height] = [500, 375];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++, at++) {
        data[at] = 128 + 90 * Math.sin((x * (c + 1) + number * 13) / 50) * Math.cos(y / (30 + c)) + ((at * 7919) % 23);
      }
    }
  }
  return { width, height, data };
}

async function main() {
  const text = { type: 'string' };
  const names = { 'batch-size': text, threads: text, steps: text, rounds: text, arch: text, device: text };
  const { values } = parseArgs({ options: names });
  const batchSize = Number(values['batch-size'] ?? 32);
  const steps = Number(values.steps ?? 6);
  const rounds = Number(values.rounds ?? 2);
  const { arch = 'resnet50', device = 'cpu' } = values;
  const threads = Number(values.threads ?? 2);
  const backend = await openNativeBackend();
  const images = backend.createImageStore(batchSize, { memory: 1e9 });
  const crops = backend.createCropStore(batchSize, SIZE);
  for (let i = 0; i < batchSize; i++) {
    const photo = madePhoto(i);
    await images.put(i, photo, SHORT_SIDE);
    await crops.put(i, photo, 256);
  }
  const indices = Int32Array.from({ length: steps * batchSize }, (_, i) => i % batchSize);
  const targets = indices.map((index) => index % CLASSES);

  const measure = async (given, prefetchThreads) => {
    const options = resolveTrainOptions({ data: 'none', draws: undefined, ...given });
    const session = await backend.createSession({
      ...{ network: buildNetwork(arch, CLASSES), device, precision: 'fp32', threads },
      ...{ recipe: recipeOf(options), mean: MEAN, std: STD },
      ...{ cacheMemory: 0, cacheDisk: 0, cacheFile: '', cacheBf16: false },
      ...(prefetchThreads === undefined ? {} : { prefetchThreads }),
    });
    const samples = options.cropScale === undefined ? { store: crops } : { store: images, size: SIZE };
    const learningRates = new Float64Array(steps).fill(0.01);
    const pass = { ...samples, targets, indices, batchSize, epoch: 1, learningRates, keepFrom: 0 };
    // The whole of an epoch, with the wait for its first batch.
    const began = performance.now();
    const used = process.cpuUsage();
    const result = await session.trainEpoch(pass, () => {});
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(used);
    await session.close();
    const count = steps * batchSize;
    return {
      rate: count / seconds,
      waited: (result.waitedSeconds ?? 0) / seconds,
      cpu: (user + system) / 1000 / count,
    };
  };

  await measure({});
  const rows = ROWS.map(([name]) => ({ name, rates: [], waited: [], cpu: [] }));
  for (let round = 0; round < rounds; round++) {
    for (const [at, [, given, prefetchThreads]] of ROWS.entries()) {
      const { rate, waited, cpu } = await measure(given, prefetchThreads);
      rows[at].cpu.push(cpu);
      rows[at].rates.push(rate);
      rows[at].waited.push(waited);
    }
  }
  emit('machine', describeMachine());
  for (const { name, rates, waited, cpu } of rows) {
    emit('row', { name, imagesPerSecond: Math.max(...rates), rates, waited, cpuMsPerImage: Math.min(...cpu) });
  }
  images.close();
  crops.close();
}

start(main);
