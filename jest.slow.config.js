'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** What test/slow.ts asks: the tests and rows that the suite leaves out are run too. */
process.env.RESNET_FT_SLOW_TESTS = '1';

const TESTS = path.join(__dirname, 'test');

/** Files of the suite that have slow rows. */
const withSlowRows = fs
  .readdirSync(TESTS, { recursive: true })
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => /from '\.\.\/slow'/.test(fs.readFileSync(path.join(TESTS, name), 'utf8')));

module.exports = {
  ...require('./jest.config.js'),
  testMatch: ['**/*.slow.ts', ...withSlowRows.map((name) => `**/test/${name.split(path.sep).join('/')}`)],
  testTimeout: 3_600_000,
  maxWorkers: 1,
};
