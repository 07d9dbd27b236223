'use strict';

const { readPickle } = require('../../dist/weights/pickle');
const { dictionary, pickle, tensor, text, int, tuple, TOKENS } = require('../pickles');

const W = tensor({ count: 12, shape: [4, 3], stride: [1, 4] });

module.exports = {
  refusals: ['PickleError'],
  dictionary: TOKENS,
  seeds: () => [
    pickle(dictionary({ w: W })),
    pickle(
      `}q\x00(${text('epoch')}${int(3)}${text('state_dict')}${dictionary({ w: W })}${text('args')}N${text('lr')}G${'\0'.repeat(8)}u`,
    ),
    pickle(`]q\x01(${int(1)}\x88\x89${tuple(int(1), text('a'))}K\x02M\x03\x00\x8a\x01\x05e`),
  ],
  read: (bytes) => void readPickle(bytes),
};
