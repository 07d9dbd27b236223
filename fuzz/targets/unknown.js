'use strict';

const { quantized, unknownFromText, unknownToText, UnknownJudge } = require('../../dist/model/unknown');
const { Finding } = require('../engine/property');

const WIDTH = 4;
const rule = { temperature: 1.5, probability: 0.2, distance: 0.4, neighbours: 2, keep: 0.95 };
const rows = [
  [0.1, 0, 0.5, 1],
  [1, 2, 3, 4],
].map((row) => Float32Array.from(row));

module.exports = {
  json: true,
  seeds: () => [
    Buffer.from(unknownToText({ ...rule, references: quantized(rows) })),
    Buffer.from(unknownToText({ ...rule, references: quantized(rows.slice(1)) })),
  ],
  read(bytes) {
    const read = unknownFromText(bytes.toString(), WIDTH);
    if (read === undefined) return;
    // As text, for JSON has no negative zero.
    const again = unknownFromText(unknownToText(read), WIDTH);
    if (again === undefined || unknownToText(again) !== unknownToText(read))
      throw new Finding('a rule differs after it was written');
    const { calibrated, distance, unknown } = new UnknownJudge(read).judge([0.5, 2], rows[0]);
    if (!(calibrated >= 0 && calibrated <= 1 && distance >= 0 && distance <= 1 && typeof unknown === 'boolean'))
      throw new Finding('a verdict that is none');
  },
};
