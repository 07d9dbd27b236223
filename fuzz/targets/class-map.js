'use strict';

const { readClassMap } = require('../../dist/eval/class-map');
const { Scratch } = require('../engine/scratch');

let scratch;

module.exports = {
  codes: ['DATA_INVALID', 'INVALID_OPTION'],
  json: true,
  stretch: true,
  dictionary: ['ants=ant,', '=', ','],
  open: () => void (scratch = new Scratch()),
  close: () => scratch.remove(),
  seeds: () => ['{"ants": "ant", "bees": 309}', 'ants=ant,bees=309'].map((text) => Buffer.from(text)),
  async read(bytes) {
    const text = bytes.toString();
    // As a file, and as what stands on the command line.
    if (text.includes('=') && !text.startsWith('{') && !text.includes('\0')) await readClassMap(text);
    else await readClassMap(scratch.file('input', bytes));
  },
};
