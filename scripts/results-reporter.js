/**
 * A jest reporter that leaves the counts of a run in the file that RESNET_FT_TEST_RESULTS names, so that whoever runs the README's
 * own test command (.ci/run) need not read them out of text. See jest.config.js.
 */
'use strict';

const fs = require('node:fs');

module.exports = class ResultsReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = results;
    const counts = { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites };
    fs.writeFileSync(process.env.RESNET_FT_TEST_RESULTS, `${JSON.stringify(counts)}\n`);
  }
};
