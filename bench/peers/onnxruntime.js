/** Images per second of onnxruntime-node on crops that are ready as normalised tensors. */
'use strict';

const { parseArgs } = require('node:util');
const ort = require('onnxruntime-node');
const { CROP_BYTES, MEAN, SIZE, STD, emit, readCrops, start } = require('../ours/common');

/** Normalised float32 [count, 3, 224, 224] of uint8 crops. */
function toInput(bytes, count) {
  const plane = SIZE * SIZE;
  const out = new Float32Array(count * CROP_BYTES);
  for (let image = 0; image < count; image++) {
    for (let channel = 0; channel < 3; channel++) {
      const to = image * CROP_BYTES + channel * plane;
      const from = image * CROP_BYTES + channel;
      for (let i = 0; i < plane; i++) out[to + i] = (bytes[from + 3 * i] / 255 - MEAN[channel]) / STD[channel];
    }
  }
  return out;
}

async function main() {
  const text = { type: 'string' };
  const options = { count: text, checked: text, 'batch-size': text, threads: text };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [file, crops] = positionals;
  const count = Number(values.count);
  const batchSize = Number(values['batch-size']);

  const session = await ort.InferenceSession.create(file, {
    graphOptimizationLevel: 'all',
    intraOpNumThreads: Number(values.threads ?? 0),
    interOpNumThreads: 1,
  });
  const pixels = toInput(readCrops(crops, count), count);
  const batches = [];
  for (let at = 0; at < count; at += batchSize) {
    const batch = pixels.subarray(at * CROP_BYTES, (at + batchSize) * CROP_BYTES);
    batches.push(new ort.Tensor('float32', batch, [batch.length / CROP_BYTES, 3, SIZE, SIZE]));
  }
  const run = async (batch) => (await session.run({ [session.inputNames[0]]: batch }))[session.outputNames[0]].data;
  await run(batches[0]);
  const started = performance.now();
  const logits = [];
  for (const batch of batches) logits.push(...(await run(batch)));
  const seconds = (performance.now() - started) / 1000;
  const width = logits.length / count;
  emit('result', { images: count, seconds, logits: logits.slice(0, Number(values.checked) * width) });
  await session.release();
}

start(main);
