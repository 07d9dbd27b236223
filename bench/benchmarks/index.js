'use strict';

const inference = require('./inference');
const gpuRuns = require('./gpu-runs');
const step = require('./step');

/** Every benchmark, in the order of the table. */
module.exports = [
  require('./epoch'),
  require('./fc'),
  require('./layer4'),
  inference[0],
  require('./predict-one'),
  require('./help'),
  require('./decode'),
  step[0],
  step[1],
  inference[1],
  ...gpuRuns,
];
