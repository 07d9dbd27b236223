'use strict';

const { finishedRow, recipeOf } = require('../../dist/compare/row-file');
const { resolveCompareOptions } = require('../../dist/options');
const { Finding } = require('../engine/property');
const { Scratch } = require('../engine/scratch');

const RECIPE = JSON.parse(JSON.stringify(recipeOf('pretrained', resolveCompareOptions({ data: 'photos' }))));
const RESULT = {
  ...{ row: 'pretrained', folder: 'x', correct: 3, images: 4, accuracy: 0.75, loss: 0.5, reused: false },
  interval: { low: 0.3, high: 0.95 },
};

const PRINT = { ants: { images: 2, hash: '0'.repeat(32) } };
const IMAGES = { train: PRINT, val: PRINT };

let scratch;

module.exports = {
  codes: ['OUTPUT_NOT_WRITABLE'],
  json: true,
  open: () => void (scratch = new Scratch()),
  close: () => scratch.remove(),
  seeds: () =>
    [{}, { images: IMAGES }].map((more) => Buffer.from(JSON.stringify({ recipe: RECIPE, ...more, result: RESULT }))),
  async read(bytes) {
    scratch.file('row.json', bytes);
    const row = await finishedRow(scratch.folder, RECIPE, () => Promise.resolve(IMAGES));
    if (row === undefined) throw new Finding('row.json was passed over');
  },
};
