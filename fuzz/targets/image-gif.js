'use strict';

const { imageTarget } = require('../images/compare');
const { makeGif } = require('../images/made/gif');

module.exports = imageTarget('gif', {
  make: makeGif,
  dictionary: ['GIF89a', '!\xf9\x04', '!\xfe', ',', ';'],
});
