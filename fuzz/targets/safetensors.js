'use strict';

const weights = require('../weights');

/** A header of its own before bytes of tensors. */
function file(header, data = Buffer.alloc(0)) {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

const seeds = [];

module.exports = {
  codes: weights.codes,
  dictionary: [
    '"dtype":"F32"',
    '"shape":[',
    '"data_offsets":[0,4]',
    '"__metadata__":{',
    '"__proto__":',
    'BOOL',
    'BF16',
  ],
  async open() {
    weights.open();
    seeds.push(
      await weights.written('seed.safetensors'),
      file({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }, Buffer.alloc(4)),
      file(
        { __metadata__: { constructor: 'x' }, 1: { dtype: 'U8', shape: [2], data_offsets: [0, 2] } },
        Buffer.alloc(2),
      ),
    );
  },
  close: weights.close,
  seeds: () => seeds,
  read: weights.read,
  /** The length that the header is said to have becomes what it has. */
  fix(input) {
    const bytes = Buffer.from(input);
    const end = bytes.lastIndexOf('}');
    if (bytes.length >= 8 && end > 8) bytes.writeBigUInt64LE(BigInt(end - 7));
    return bytes;
  },
};
