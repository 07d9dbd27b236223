/**
 * Builds the addon with cmake-js against the LibTorch that is found, or that it installs. Needs dist (npm run build:ts).
 * With --asan it is built with AddressSanitizer into build/asan, for test/addon/asan.slow.ts.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const asan = process.argv.includes('--asan');
const out = asan ? path.join(root, 'build', 'asan', 'build') : path.join(root, 'build');
const say = (line) => process.stderr.write(`build-native: ${line}\n`);

function loadDist(name) {
  const file = path.join(root, 'dist', 'libtorch', name);
  try {
    return require(file);
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') {
      throw new Error(`${file}.js is missing; run: npm run build:ts`, { cause: error });
    }
    throw error;
  }
}

async function libtorchWithHeaders() {
  const { findLibtorch } = loadDist('find');
  const { installLibtorch } = loadDist('install');
  try {
    return findLibtorch({ requireHeaders: true });
  } catch (error) {
    // Only where none was found: a wrong LIBTORCH is for the user to correct.
    if (error.code !== 'LIBTORCH_NOT_FOUND') throw error;
    say(error.message);
  }
  return installLibtorch({ onProgress: say });
}

function cmakeJs(command, libtorch) {
  const manifest = require.resolve('cmake-js/package.json', { paths: [root] });
  const bin = path.join(path.dirname(manifest), require(manifest).bin['cmake-js']);
  const args = [bin, command, '--config', 'Release', '--out', out, '--directory', root];
  args.push(`--CDRESNET_FT_LIBTORCH=${libtorch.replaceAll('\\', '/')}`);
  if (asan) args.push('--CDCMAKE_CXX_FLAGS=-fsanitize=address -fno-omit-frame-pointer');
  // cmake-js's own output is progress, not a result.
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) throw error;
  return status === 0;
}

async function main() {
  const libtorch = await libtorchWithHeaders();
  say(`LibTorch ${libtorch.version} of ${libtorch.path}`);

  // A failed configuration may come from a build folder of another place or generator: once more from nothing. A failed
  // compilation is not repeated (as cmake-js's `compile` would), for the same sources fail the same way.
  if (!cmakeJs('configure', libtorch.path) && !cmakeJs('reconfigure', libtorch.path)) {
    throw new Error('cmake-js could not configure the build; its messages are above');
  }
  if (!cmakeJs('build', libtorch.path)) throw new Error('the addon did not compile; the messages are above');
  say(`built ${path.join(out, 'Release')}`);
}

main().catch((error) => {
  say(`${error.message}${error.hint ? ` (${error.hint})` : ''}`);
  process.exitCode = 1;
});
