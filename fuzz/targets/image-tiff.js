'use strict';

const { imageTarget } = require('../images/compare');
const { makeTiff } = require('../images/made/tiff');

module.exports = imageTarget('tiff', { make: makeTiff });
