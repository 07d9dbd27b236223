/**
 * What a checkpoint costs: how long training stands still while the state is copied, and, while the next steps compute, the processor time of the
 * checksum and of writing. Medians of several; the share is that of an epoch of one minute on all of the threads.
 *
 *     node bench/checkpoints.js [--arch resnet50] [--rounds 7] [--threads 2] [--output FOLDER]
 */
'use strict';

const { mkdtempSync, rmSync, statSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { openNativeBackend } = require('../dist/backend/native/backend.js');
const { buildNetwork } = require('../dist/network/architecture.js');
const { resolveTrainOptions } = require('../dist/options/index.js');
const { encodeCheckpoint } = require('../dist/train/checkpoint-file.js');
const { START } = require('../dist/train/progress.js');
const { recipeOf } = require('../dist/train/recipe.js');
const { writeStateDict } = require('../dist/weights/index.js');
const { describeMachine } = require('./lib/machine');
const { median } = require('./lib/statistics');
const { MEAN, STD } = require('./ours/common');

const EPOCH_SECONDS = 60;
/** Small images: weights and momenta are what is saved, and are as many with any. */
const SIZE = 64;

const seconds = (from) => (performance.now() - from) / 1000;

/** Seconds of the processor since a mark. */
function processorSeconds(mark) {
  const { user, system } = process.cpuUsage(mark);
  return (user + system) / 1e6;
}

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { arch: text, rounds: text, threads: text, output: text } });
  const { arch = 'resnet50' } = values;
  const threads = Number(values.threads ?? 2);
  const folder = mkdtempSync(path.join(values.output ?? tmpdir(), 'checkpoints-'));
  const backend = await openNativeBackend();
  const store = backend.createCropStore(2, SIZE);
  const session = await backend.createSession({
    ...{ network: buildNetwork(arch, 2), device: 'cpu', precision: 'fp32', threads },
    recipe: recipeOf(resolveTrainOptions({ data: '.', trainFrom: 'conv1' })),
    ...{ mean: MEAN, std: STD, cacheMemory: 0, cacheDisk: 0, cacheFile: '', cacheBf16: false },
  });
  const rows = [];
  let bytes = 0;
  try {
    const learningRates = new Float64Array(1);
    const targets = Int32Array.from([0, 1]);
    await session.trainEpoch({ store, targets, batchSize: 2, epoch: 1, learningRates, keepFrom: 0 }, () => {});
    // The first one fetches memory that the others use again.
    for (let round = 0; round <= Number(values.rounds ?? 7); round++) {
      const begun = performance.now();
      const state = await session.state();
      const still = seconds(begun);
      const mark = process.cpuUsage();
      const wrote = performance.now();
      const { tensors, metadata } = await encodeCheckpoint({ state, progress: START, metricsEnd: 0 });
      const file = path.join(folder, `${round}.safetensors`);
      await writeStateDict(file, tensors, { metadata });
      const row = { still, processor: processorSeconds(mark), writing: seconds(wrote) };
      bytes = statSync(file).size;
      rmSync(file);
      if (round > 0) rows.push(row);
    }
  } finally {
    await session.close();
    store.close();
    rmSync(folder, { recursive: true });
  }
  const of = (name) => median(rows.map((row) => row[name]));
  const share = (of('still') + of('processor') / threads) / EPOCH_SECONDS;
  const { cpu, cores } = describeMachine();
  console.log(`${cpu}, ${cores} cores`);
  console.log(`${arch}: a checkpoint of ${(bytes / 1e6).toFixed(0)} MB`);
  console.log(`training stands still for ${(1000 * of('still')).toFixed(0)} ms`);
  console.log(
    `written in ${(1000 * of('writing')).toFixed(0)} ms, of which the processor has ${(1000 * of('processor')).toFixed(0)} ms`,
  );
  console.log(`${(100 * share).toFixed(2)} % of an epoch of one minute`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
