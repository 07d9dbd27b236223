'use strict';

const { imageTarget } = require('../images/compare');
const { makeJpeg } = require('../images/made/jpeg');

module.exports = imageTarget('jpeg', {
  make: makeJpeg,
  dictionary: ['\xff\xd8', '\xff\xe1', '\xff\xc0', '\xff\xc2', '\xff\xc4', '\xff\xda', '\xff\xdd', '\xff\xd9', 'Adobe'],
});
