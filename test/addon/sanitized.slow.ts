import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ROOT } from '../cli/run';

// The other tests of native code, under sanitizers: npm run test:asan, npm run test:tsan.
(process.platform === 'linux' ? test : test.skip).each(['address', 'thread'])(
  'the %s sanitizer has nothing to report of the tests of native code',
  (name) => {
    const script = path.join(ROOT, 'scripts', 'test-sanitized.js');
    const { status } = spawnSync(process.execPath, [script, name], { cwd: ROOT, stdio: 'inherit' });
    expect(status).toBe(0);
  },
  7_200_000,
);
