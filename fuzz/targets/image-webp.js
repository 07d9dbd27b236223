'use strict';

const { mendWebp } = require('../images/checksums');
const { imageTarget } = require('../images/compare');
const { makeWebp } = require('../images/made/webp');

module.exports = imageTarget('webp', {
  make: makeWebp,
  fix: mendWebp,
  dictionary: ['VP8 ', 'VP8L', 'VP8X', 'ANIM', 'ANMF', 'ALPH', 'EXIF', 'XMP ', 'ICCP'],
});
