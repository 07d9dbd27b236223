import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT, scratch } from '../cli/run';

const tmp = scratch();

/** Forgets a store whose file can't be closed: there is nobody who could catch what that throws. */
const PROGRAM = `
  const fs = require('node:fs');
  const { closeSync } = fs;
  let closed = 0;
  fs.closeSync = (descriptor) => {
    closed++;
    closeSync(descriptor);
    throw Object.assign(new Error('EIO: i/o error, close'), { code: 'EIO' });
  };
  const { JsCropStore } = require('./dist/backend/js/crop-store.js');
  new JsCropStore(2, 8, process.argv[1]);
  (async () => {
    for (let i = 0; closed === 0 && i < 1000; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    console.log(closed);
  })();
`;

test('a file of crops that nobody has any more and that can not be closed ends no process', async () => {
  const args = ['--expose-gc', '-e', PROGRAM, path.join(tmp, 'crops')];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  expect(stdout).toBe('1\n');
});
