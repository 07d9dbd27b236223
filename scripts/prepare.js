/** Run by `npm install` in a checkout and before packing: sets up git's hooks, compiles the TypeScript, bundles what draws charts, then builds the addon. */
'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { setUpHooks } = require('./set-up-hooks.js');

const root = path.resolve(__dirname, '..');

function run(label, script, args) {
  process.stderr.write(`prepare: ${label}\n`);
  const { status, signal, error } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  if (error || status !== 0) {
    const reason = error ? error.message : (signal ?? `exit code ${status}`);
    process.stderr.write(`prepare: failed while ${label} (${reason})\n`);
    process.exit(1);
  }
}

if (setUpHooks(root)) process.stderr.write('prepare: git runs .githooks/pre-commit from now on\n');

const typescript = path.join(path.dirname(require.resolve('typescript/package.json', { paths: [root] })), 'bin', 'tsc');
run('compiling TypeScript', typescript, ['-p', path.join(root, 'tsconfig.json')]);
run('bundling charts', path.join(root, 'scripts', 'bundle-charts.js'), []);

if (process.env.RESNET_FT_SKIP_NATIVE === '1') {
  process.stderr.write('prepare: RESNET_FT_SKIP_NATIVE=1, the addon is not built\n');
} else {
  run('building the native addon', path.join(root, 'scripts', 'build-native.js'), []);
}
