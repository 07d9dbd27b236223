'use strict';

const { mendWebp } = require('../images/checksums');
const { imageTarget } = require('../images/compare');

module.exports = imageTarget('webp', {
  fix: mendWebp,
  dictionary: ['VP8 ', 'VP8L', 'VP8X', 'ANIM', 'ANMF', 'ALPH', 'EXIF', 'XMP ', 'ICCP'],
});
