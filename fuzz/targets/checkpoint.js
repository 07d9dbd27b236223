'use strict';

const { crc32 } = require('node:zlib');
const path = require('node:path');
const { encodeCheckpoint } = require('../../dist/train/checkpoint-file');
const { readCheckpoint } = require('../../dist/train/checkpoints');
const { writeStateDict } = require('../../dist/weights');
const { Finding } = require('../engine/property');
const { Scratch } = require('../engine/scratch');

// An input is the JSON of a checkpoint's metadata, beside tensors that stay. Its checksum is made here, for a stranger can make one too.

const floats = (...values) => new Uint8Array(Float32Array.from(values).buffer);
const model = [{ name: 'fc.weight', dtype: 'F32', shape: [2], data: floats(1, 2) }];
const record = { kind: 'epoch', epoch: 1, trainLoss: 1, trainAccuracy: 0.5, valLoss: 1, valAccuracy: 0.5, seconds: 2 };
const validated = { record, logits: Float32Array.from([1, 2]) };
const progress = {
  epoch: 2,
  stepsOfEpoch: 1,
  steps: 4,
  seconds: 1,
  trained: undefined,
  best: validated,
  last: validated,
  kept: undefined,
  rateFactor: 1,
};
const CHECKPOINT = {
  state: {
    model,
    optimizer: model,
    ema: [],
    generator: { words: Uint32Array.from([1, 2, 3]), next: 2 },
    position: { epoch: 2, step: 1, images: 4, loss: 2, correct: 3 },
    kept: { loss: 0.5, tensors: model },
  },
  progress: { ...progress, waiting: { epochs: 1, accuracy: NaN, loss: Infinity } },
  metricsEnd: 20,
  spent: { seconds: 3.5, phases: [{ name: 'Epochs', seconds: 3 }] },
};

let scratch;
let tensors;
const seeds = [];

/** As encodeCheckpoint makes it. */
function checksum(run) {
  let sum = crc32(run);
  for (const name of [...tensors.keys()].sort()) {
    const { dtype, shape, data } = tensors.get(name);
    sum = crc32(data, crc32(`${name} ${dtype} ${shape.join()}`, sum));
  }
  return sum.toString(16).padStart(8, '0');
}

module.exports = {
  codes: ['CHECKPOINT_INVALID'],
  caught: true,
  json: true,
  async open() {
    scratch = new Scratch();
    const made = await encodeCheckpoint(CHECKPOINT);
    tensors = made.tensors;
    // As long as four bytes are no multiple of a float's.
    tensors.set('logits/odd', { dtype: 'U8', shape: [3], data: new Uint8Array(3) });
    seeds.push(
      Buffer.from(made.metadata.run),
      Buffer.from(made.metadata.run.replace('"metricsEnd":20', '"metricsEnd":0')),
    );
  },
  close: () => scratch.remove(),
  seeds: () => seeds,
  async read(bytes) {
    const run = bytes.toString();
    const file = path.join(scratch.folder, 'step-00000004.safetensors');
    await writeStateDict(file, tensors, {
      metadata: { format: 'resnet-ft-checkpoint', version: '1', run, crc32: checksum(run) },
    });
    const { checkpoint } = await readCheckpoint(file);
    const { state, progress: read, metricsEnd } = checkpoint;
    for (const list of [state.model, state.optimizer, state.ema, state.kept?.tensors ?? []])
      for (const { name, dtype, shape, data } of list)
        if (
          typeof name !== 'string' ||
          typeof dtype !== 'string' ||
          !Array.isArray(shape) ||
          !(data instanceof Uint8Array)
        )
          throw new Finding('a tensor that is none');
    const numbers = [read.epoch, read.stepsOfEpoch, read.steps, read.seconds, read.rateFactor, metricsEnd];
    if (!numbers.every((one) => typeof one === 'number')) throw new Finding('a number of a checkpoint that is none');
  },
};
