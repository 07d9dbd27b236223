'use strict';

const { imageTarget } = require('../images/compare');

module.exports = imageTarget('jpeg', {
  dictionary: ['\xff\xd8', '\xff\xe1', '\xff\xc0', '\xff\xc2', '\xff\xc4', '\xff\xda', '\xff\xdd', '\xff\xd9', 'Adobe'],
});
