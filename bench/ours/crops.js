/** Writes the crops of a data set to a file, from the start again where it has fewer than asked for. */
'use strict';

const fs = require('node:fs');
const { loadAddon } = require('../../dist/backend/native/load.js');
const { makeCrops } = require('../../dist/data/crops.js');
const { openDataset } = require('../../dist/data/dataset.js');
const { start } = require('./common');

async function main([data, file, count]) {
  const { train, val } = await openDataset({ data, seed: 0 });
  const all = [...train, ...val];
  const samples = Array.from({ length: Number(count) }, (_, i) => all[i % all.length]);
  const { store } = await makeCrops({ backend: loadAddon(), samples, resize: 256, crop: 224, skipUnreadable: false });
  const out = fs.openSync(file, 'w');
  for (let i = 0; i < samples.length; i++) fs.writeSync(out, store.get(i));
  fs.closeSync(out);
  store.close();
}

start(main);
