'use strict';

const { imageTarget } = require('../images/compare');

module.exports = imageTarget('pnm');
