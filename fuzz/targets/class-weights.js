'use strict';

const { readClassWeights } = require('../../dist/train/class-weights');
const { Finding } = require('../engine/property');
const { Scratch } = require('../engine/scratch');

const RUN = { classes: ['ants', 'big bees'], train: [{ target: 0 }, { target: 1 }] };

let scratch;

module.exports = {
  codes: ['DATA_INVALID'],
  json: true,
  stretch: true,
  dictionary: ['ants', 'big bees', '\r\n', ' 1', '1e400'],
  open: () => void (scratch = new Scratch()),
  close: () => scratch.remove(),
  seeds: () => ['{"ants": 1, "big bees": 2.5}', 'ants 1\nbig bees 2.5\n'].map((text) => Buffer.from(text)),
  async read(bytes) {
    const weights = await readClassWeights(scratch.file('input', bytes), RUN);
    if (weights.length !== RUN.classes.length || !weights.every((one) => one > 0 && one < Infinity))
      throw new Finding('a weight that is none');
  },
};
