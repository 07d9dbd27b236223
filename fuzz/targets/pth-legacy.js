'use strict';

const weights = require('../weights');
const { dictionary, legacyFile, tensor, text, int, tuple, TOKENS } = require('../pickles');

const W = tensor({ count: 12, shape: [4, 3], stride: [1, 4], view: 'N' });
const B = tensor({ count: 12, offset: 2, shape: [3], stride: [1], view: tuple(text('part'), int(0), int(12)) });

module.exports = {
  codes: weights.codes,
  dictionary: TOKENS,
  open: () => void weights.open(),
  close: weights.close,
  seeds: () => [
    legacyFile(dictionary({ w: W, 'module.b': B }), 12),
    legacyFile(`}${text('state_dict')}${dictionary({ w: W })}s`, 12),
  ],
  read: weights.read,
};
