/** What the scripts of our side share. */
'use strict';

const fs = require('node:fs');

const SIZE = 224;
const CROP_BYTES = SIZE * SIZE * 3;
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

/** Prints one record for bench/run.js. */
function emit(kind, fields) {
  process.stdout.write(`${JSON.stringify({ kind, ...fields })}\n`);
}

/** The first `count` crops of a file that crops.js wrote. */
function readCrops(file, count) {
  const bytes = Buffer.alloc(count * CROP_BYTES);
  const handle = fs.openSync(file, 'r');
  const read = fs.readSync(handle, bytes);
  fs.closeSync(handle);
  if (read !== bytes.length) throw new Error(`${file} holds fewer than ${count} crops`);
  return bytes;
}

/** A store with the first `count` crops of a file. */
async function loadStore(addon, file, count) {
  const bytes = readCrops(file, count);
  const store = addon.createCropStore(count, SIZE);
  for (let i = 0; i < count; i++) {
    const data = bytes.subarray(i * CROP_BYTES, (i + 1) * CROP_BYTES);
    await store.put(i, { width: SIZE, height: SIZE, data }, SIZE);
  }
  return store;
}

/** Runs a script; an error is its last line on standard error, where bench/run.js looks for it. */
function start(main) {
  main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}

module.exports = { CROP_BYTES, MEAN, SIZE, STD, emit, loadStore, readCrops, start };
