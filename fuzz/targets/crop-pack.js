'use strict';

const fs = require('node:fs');
const { open: openFile } = require('node:fs/promises');
const path = require('node:path');
const { crc32 } = require('node:zlib');
const { PackWriter, readCrop, readPack } = require('../../dist/data/crop-pack');
const { Finding } = require('../engine/property');
const { Scratch } = require('../engine/scratch');

const KIND = 'k'.repeat(32);
const BYTES = 12;
const TRAILER = 52;
const INDEX = 36;

let scratch;
const seeds = [];

async function pack(count) {
  const file = path.join(scratch.folder, `pack-${count}`);
  const writer = await PackWriter.create(file, KIND, BYTES);
  for (let i = 0; i < count; i++) await writer.add(String(i).padStart(32, '0'), Buffer.alloc(BYTES, i));
  await writer.finish();
  return fs.readFileSync(file);
}

module.exports = {
  async open() {
    scratch = new Scratch();
    seeds.push(await pack(0), await pack(1), await pack(3));
  },
  close: () => scratch.remove(),
  seeds: () => seeds,
  fix(input) {
    const bytes = Buffer.from(input);
    if (bytes.length < TRAILER) return bytes;
    const count = bytes.readUInt32LE(bytes.length - TRAILER + 32);
    const index = bytes.length - TRAILER - count * INDEX;
    if (index >= 0) bytes.writeUInt32LE(crc32(bytes.subarray(index, bytes.length - 12)), bytes.length - 12);
    return bytes;
  },
  async read(bytes) {
    const found = await readPack(scratch.file('input', bytes), KIND, BYTES);
    if (found === undefined) return;
    const handle = await openFile(found.file);
    try {
      for (const i of found.keys.keys()) {
        const crop = await readCrop(handle, found, i);
        if (crop !== undefined && crop.length !== BYTES) throw new Finding('a crop of another length');
      }
    } finally {
      await handle.close();
    }
  },
};
