/**
 * Jest's order of test files: the longest first, so that the last minutes of the suite do not wait for one of them on one core. Jest by itself
 * knows no durations on a fresh clone, and goes by the size of the files; the longest ones are short files that call shared cases.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

const TESTS = path.join(__dirname, '..', 'test');

/** Those that take more than half a minute, the longest first. */
const LONGEST = [
  'team/train.test.ts',
  'backend/contract.test.ts',
  'train/resume.test.ts',
  'faults/faults.test.ts',
  'train/recipes.test.ts',
  'explain/calibrate.test.ts',
  'runtime/node.test.ts',
  'team/session.test.ts',
  'train/explicit-pass.test.ts',
  'watch/watch.test.ts',
  'export/export.test.ts',
  'package/install.test.ts',
  'repeats/repeats.test.ts',
  'backend/optimization.test.ts',
  'train/parity.test.ts',
  'lr-find/run.test.ts',
  'train/kill-resume.test.ts',
  'train/determinism.test.ts',
].map((name) => path.join(TESTS, ...name.split('/')));

module.exports = class LongFirstSequencer extends Sequencer {
  sort(tests) {
    const gone = LONGEST.filter((file) => !fs.existsSync(file));
    if (gone.length > 0) throw new Error(`${__filename} lists files that are not there: ${gone.join(', ')}`);
    const rank = ({ path: file }) => (LONGEST.includes(file) ? LONGEST.indexOf(file) : LONGEST.length);
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
