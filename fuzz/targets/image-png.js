'use strict';

const { mendPng } = require('../images/checksums');
const { imageTarget } = require('../images/compare');
const { makePng } = require('../images/made/png');

module.exports = imageTarget('png', {
  make: makePng,
  fix: mendPng,
  dictionary: ['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND', 'acTL', 'fcTL', 'fdAT', 'eXIf', 'zTXt', 'iCCP'],
});
