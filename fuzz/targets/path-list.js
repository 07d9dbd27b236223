'use strict';

const { Readable } = require('node:stream');
const { readPathList } = require('../../dist/predict/path-list');
const { Finding } = require('../engine/property');

module.exports = {
  codes: ['DATA_INVALID'],
  stretch: true,
  dictionary: ['\r\n', '\0', '\n\n'],
  seeds: () => ['a.jpg\nb.jpg\r\n', 'a\0b\0', 'ü/ö.png'].map((text) => Buffer.from(text)),
  async read(bytes) {
    for (const separator of ['\n', '\0']) {
      // In two pieces, so that a character may be cut in half.
      const input = Readable.from([bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)], {
        objectMode: false,
      });
      for await (const one of readPathList(input, separator)) {
        if (one === '' || one.includes(separator)) throw new Finding('a path that is none');
      }
    }
  },
};
