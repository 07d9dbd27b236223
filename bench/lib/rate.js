'use strict';

const { lastRecord } = require('./process');

/** Images per second of a script that printed a `result` record; `checked` picks what is compared between the sides. */
function rate(ran, checked) {
  const result = lastRecord(ran.records, 'result');
  return {
    value: result.images / result.seconds,
    seconds: ran.seconds,
    peakMemory: ran.peakMemory,
    checked: checked(result),
  };
}

module.exports = { rate };
