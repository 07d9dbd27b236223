'use strict';

const { isDeepStrictEqual } = require('node:util');
const { cardMetadata, parseCard } = require('../../dist/model/describe');
const { toMetadata } = require('../../dist/weights/metadata');
const { quantized, unknownToText } = require('../../dist/model/unknown');
const { Finding } = require('../engine/property');

const preprocessing = { resize: 256, crop: 224, mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] };
const rule = { temperature: 1.5, probability: 0.2, distance: 0.4, neighbours: 1, keep: 0.95 };
const references = quantized([new Float32Array(512).fill(0.1)]);
const card = { arch: 'resnet18', classes: ['ants', 'bees'], preprocessing, temperature: 1.25 };

module.exports = {
  codes: ['WEIGHTS_INVALID'],
  json: true,
  limit: 8192,
  seeds: () =>
    [
      card,
      { ...card, preprocessing: { ...preprocessing, fit: 'pad', interpolation: 'bicubic', exifRotate: true } },
      { ...card, unknown: { ...rule, references } },
    ].map((one) =>
      Buffer.from(JSON.stringify({ ...cardMetadata(one), note: unknownToText({ ...rule, references }).slice(0, 40) })),
    ),
  read(bytes) {
    let value;
    try {
      value = JSON.parse(bytes.toString());
    } catch {
      return;
    }
    const metadata = toMetadata(value);
    if (metadata === undefined) return;
    const parsed = parseCard('model', metadata);
    if (parsed.arch === undefined) return;
    if (!isDeepStrictEqual(parseCard('model', cardMetadata(parsed)), parsed))
      throw new Finding('a card differs after it was written');
  },
};
