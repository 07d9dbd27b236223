'use strict';

const weights = require('../weights');
const { mendZip } = require('../zip');

const seeds = [];

module.exports = {
  codes: weights.codes,
  dictionary: [
    'PK\x01\x02',
    'PK\x03\x04',
    'PK\x05\x06',
    'PK\x06\x06',
    'PK\x06\x07',
    'data.pkl',
    'ccollections\nOrderedDict\n',
    'ctorch\nFloatStorage\n',
  ],
  async open() {
    weights.open();
    seeds.push(
      await weights.written('seed.pth'),
      await weights.written('one.pth', new Map([...weights.STATE].slice(0, 1)), {}),
    );
  },
  close: weights.close,
  seeds: () => seeds,
  read: weights.read,
  fix: mendZip,
};
