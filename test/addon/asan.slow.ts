import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { ROOT } from '../cli/run';
import { expectHostileCallsRefused } from './hostile';

// Node.js itself is not built with it: the library must be there first, and what Node.js leaves at its end is no leak of ours.
(process.platform === 'linux' ? test : test.skip)(
  'AddressSanitizer has nothing to report of hostile calls',
  async () => {
    execFileSync(process.execPath, [path.join(ROOT, 'scripts', 'build-native.js'), '--asan'], { stdio: 'inherit' });
    const library = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
    await expectHostileCallsRefused({
      LD_PRELOAD: library,
      // What is freed is kept for long, so that late reads are seen.
      ASAN_OPTIONS: 'detect_leaks=0:quarantine_size_mb=512:exitcode=99',
      RESNET_FT_PREBUILD: path.join(ROOT, 'build', 'asan'),
    });
  },
);
