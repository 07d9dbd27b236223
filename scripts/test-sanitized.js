/**
 * Builds the addon with sanitizers and runs the tests of native code under them: node scripts/test-sanitized.js address|thread [JEST'S ARGUMENTS].
 * `address` is AddressSanitizer with UndefinedBehaviorSanitizer; `thread` is ThreadSanitizer. Linux and GCC. Fails where a test fails and where
 * any process has reported something: reports are files, since a test's child may end as it should and its output be thrown away.
 */
'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');

/** Node.js itself is not compiled with sanitizers: their library must be in the process before all else, and be content with that. */
const SANITIZERS = {
  address: {
    sanitize: 'address,undefined',
    library: 'libasan.so',
    env: (reports) => ({
      // What Node.js leaves at its end is no leak of ours (test/memory looks for growth). What is freed is kept for long, so that late reads are seen.
      ASAN_OPTIONS: `detect_leaks=0:quarantine_size_mb=256:exitcode=99:log_path=${reports}`,
      UBSAN_OPTIONS: `print_stacktrace=1:log_path=${reports}`,
    }),
  },
  thread: {
    sanitize: 'thread',
    library: 'libtsan.so',
    env: (reports) => ({
      TSAN_OPTIONS: [
        // Of the order in which locks are taken it keeps track of up to 64 that one thread holds, and ends the process at the next: autograd and c10d have more.
        'detect_deadlocks=0',
        ...['ignore_noninstrumented_modules=1', 'report_thread_leaks=0', 'report_signal_unsafe=0', 'exitcode=66'],
        ...[`suppressions=${path.join(__dirname, 'tsan-suppressions.txt')}`, `log_path=${reports}`],
      ].join(':'),
    }),
  },
};

function main() {
  const [name, ...rest] = process.argv.slice(2);
  const sanitizer = SANITIZERS[name];
  if (sanitizer === undefined)
    throw new Error(`usage: node scripts/test-sanitized.js ${Object.keys(SANITIZERS).join('|')} [jest's arguments]`);
  if (process.platform !== 'linux') throw new Error('the sanitizers are set up for Linux');
  const library = execFileSync('g++', [`-print-file-name=${sanitizer.library}`], { encoding: 'utf8' }).trim();
  if (!path.isAbsolute(library)) throw new Error(`g++ has no ${sanitizer.library}`);

  const run = (script, args, env = {}) =>
    spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } })
      .status;
  if (run(path.join(__dirname, 'build-native.js'), ['--sanitize', sanitizer.sanitize]) !== 0) return 1;

  const folder = path.join(root, 'build', name);
  const reports = path.join(folder, 'reports');
  fs.rmSync(reports, { recursive: true, force: true });
  fs.mkdirSync(reports);
  const status = run(
    require.resolve('jest/bin/jest'),
    ['--config', path.join(root, 'jest.sanitized.config.js'), ...rest],
    {
      LD_PRELOAD: library,
      RESNET_FT_PREBUILD: folder,
      RESNET_FT_SANITIZED: name,
      ...sanitizer.env(path.join(reports, 'report')),
    },
  );
  const files = fs.readdirSync(reports).map((file) => path.join(reports, file));
  for (const file of files) process.stderr.write(`\n${file}:\n${fs.readFileSync(file, 'utf8').slice(0, 20_000)}\n`);
  process.stderr.write(`${name}: ${files.length} ${files.length === 1 ? 'process' : 'processes'} reported something\n`);
  return files.length > 0 ? 1 : status;
}

process.exitCode = main();
