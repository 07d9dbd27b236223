'use strict';

const { imageTarget } = require('../images/compare');

module.exports = imageTarget('gif', { dictionary: ['GIF89a', '!\xf9\x04', '!\xfe', ',', ';'] });
