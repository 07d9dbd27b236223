'use strict';

const { readClassList } = require('../../dist/model/class-list');
const { Finding } = require('../engine/property');
const { Scratch } = require('../engine/scratch');

let scratch;

module.exports = {
  codes: ['DATA_INVALID'],
  stretch: true,
  dictionary: ['0, tench\n', '\r\n', '["', '"]', '\ufeff', '\t', ' , '],
  open: () => void (scratch = new Scratch()),
  close: () => scratch.remove(),
  seeds: () =>
    ['ants\nbees\n', '0, tench\n1, goldfish\n', 'a\nb\nc\nd\n1, x\n0, y\n', '["ants", "bees"]'].map((text) =>
      Buffer.from(text),
    ),
  async read(bytes) {
    const names = await readClassList(scratch.file('input', bytes));
    if (names.length === 0 || names.some((name) => name.trim() !== name || name === ''))
      throw new Finding('a class without a name');
  },
};
