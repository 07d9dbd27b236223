'use strict';

const { mendPng } = require('../images/checksums');
const { imageTarget } = require('../images/compare');

module.exports = imageTarget('png', {
  fix: mendPng,
  dictionary: ['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND', 'acTL', 'fcTL', 'fdAT', 'eXIf', 'zTXt', 'iCCP'],
});
