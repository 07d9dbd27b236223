/** Images per second of the native core on uint8 crops; normalisation is part of the time. */
'use strict';

const { parseArgs } = require('node:util');
const { loadAddon } = require('../../dist/backend/native/load.js');
const { openModel } = require('../../dist/model/open.js');
const { MEAN, STD, emit, loadStore, start } = require('./common');

async function main() {
  const text = { type: 'string' };
  const options = {
    ...{ count: text, passes: text, checked: text, 'batch-size': text },
    ...{ threads: text, device: text, precision: text },
  };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [file, crops] = positionals;
  const count = Number(values.count);
  const passes = Number(values.passes ?? 1);
  const batchSize = Number(values['batch-size']);

  const addon = loadAddon();
  const { network, tensors } = await openModel(file);
  const { device = 'cpu', precision = 'fp32' } = values;
  const model = await addon.createModel(
    { network, device, precision, threads: Number(values.threads ?? 0), mean: MEAN, std: STD },
    [...tensors].map(([name, tensor]) => ({ name, ...tensor, lent: true })),
  );
  const store = await loadStore(addon, crops, count);
  const pass = (images) => model.run({ store, count: images, batchSize, features: false }, () => {});
  for (let i = 0; i < (device === 'cpu' ? 1 : 3); i++) await pass(batchSize);
  const started = performance.now();
  let logits;
  for (let i = 0; i < passes; i++) ({ logits } = await pass(count));
  const seconds = (performance.now() - started) / 1000;
  const width = logits.length / count;
  emit('result', { images: count * passes, seconds, logits: [...logits.subarray(0, Number(values.checked) * width)] });
  await model.close();
  store.close();
}

start(main);
