'use strict';

const { lastRecord } = require('./process');

/**
 * Images per second of a script that printed a `result` record; `checked` picks what is compared between the sides, `details` what of the
 * record is kept beside the figures.
 */
function rate(ran, checked, details) {
  const result = lastRecord(ran.records, 'result');
  return {
    value: result.images / result.seconds,
    seconds: ran.seconds,
    peakMemory: ran.peakMemory,
    checked: checked(result),
    ...(details === undefined ? {} : { details: details(result) }),
  };
}

module.exports = { rate };
