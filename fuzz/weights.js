'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { readWeights, writeStateDict } = require('../dist/weights');
const { Finding } = require('./engine/property');
const { Scratch } = require('./engine/scratch');

// What the targets of weights have in common: a file is read, and what was read is written and read again.

/** Tensors to begin with, of several types and shapes. */
const STATE = new Map([
  ['conv1.weight', { dtype: 'F32', shape: [2, 3, 2], data: new Uint8Array(48).fill(1) }],
  ['bn1.num_batches_tracked', { dtype: 'I64', shape: [], data: new Uint8Array(8) }],
  ['half', { dtype: 'F16', shape: [3], data: new Uint8Array(6).fill(60) }],
  ['none', { dtype: 'U8', shape: [0, 4], data: new Uint8Array(0) }],
]);

const METADATA = { format: 'resnet-ft', classes: '["ants","bees"]' };

let scratch;
const open = () => (scratch = new Scratch());
const close = () => scratch.remove();

/** The bytes that our writer makes of tensors. */
async function written(name, tensors = STATE, metadata = METADATA) {
  const file = path.join(scratch.folder, name);
  await writeStateDict(file, tensors, { metadata });
  return fs.readFileSync(file);
}

const shown = ({ dtype, shape, data }) => `${dtype} ${shape.join('x')} ${Buffer.from(data).toString('base64')}`;

async function roundTrip(tensors, metadata, name) {
  const file = path.join(scratch.folder, name);
  try {
    await writeStateDict(file, tensors, { metadata });
  } catch (error) {
    // The two formats have names that the other one can't hold.
    if (error.code === 'OUTPUT_NOT_WRITABLE') return;
    throw error;
  }
  const again = await readWeights(file);
  const differ = [...tensors].find(([key, tensor]) => {
    const other = again.tensors.get(key.replace(/^module\./, '')) ?? again.tensors.get(key);
    return other === undefined || shown(other) !== shown(tensor);
  });
  if (differ !== undefined) throw new Finding(`a tensor differs after it was written as ${name}`);
  if (JSON.stringify(again.metadata) !== JSON.stringify(metadata))
    throw new Finding(`metadata differ after they were written as ${name}`);
}

/** Reads a file of weights; what can be read goes out and in again. */
async function read(bytes) {
  const { tensors, metadata } = await readWeights(scratch.file('input', bytes));
  const total = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  if (total > 2 * bytes.length + 2 ** 20)
    throw new Finding('the tensors have more bytes than a file of this size may have');
  if (tensors.size === 0) return;
  await roundTrip(tensors, metadata, 'again.safetensors');
  await roundTrip(tensors, metadata, 'again.pth');
}

module.exports = { open, close, read, written, STATE, METADATA, codes: ['WEIGHTS_INVALID'] };
