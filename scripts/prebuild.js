/**
 * Makes prebuilds/<platform>-<arch>/ with prebuildify: the loader, tagged with the LibTorch that it fits and the C library,
 * and the core beside it. Needs dist. `--no-build` takes what is in build/Release.
 */
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const prebuildify = promisify(require('prebuildify'));
const { checkRuntime } = require('./elf');

const root = path.resolve(__dirname, '..');
// prebuildify moves what it finds; it works on a copy, so that the checkout's own build stays whole.
const stage = path.join(root, 'build', 'prebuild');

/** The LibTorch that the addon is compiled against. node-gyp-build ignores tags that it does not know: this one tells people. */
function libtorchTag() {
  const { libtorchVersion } = require(path.join(root, 'build', 'Release', 'resnet_ft.node'));
  return `libtorch-${libtorchVersion.split('.').slice(0, 2).join('.')}`;
}

async function main() {
  const build = !process.argv.includes('--no-build');
  const target = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  const shim = path.join(__dirname, 'prebuild-node-gyp.js');
  fs.rmSync(stage, { recursive: true, force: true });
  fs.rmSync(target, { recursive: true, force: true });
  fs.mkdirSync(stage, { recursive: true });
  if (build) execFileSync(process.execPath, [path.join(__dirname, 'build-native.js')], { stdio: 'inherit' });
  process.env.PREBUILD_STAGE = stage;
  await prebuildify({
    name: `resnet_ft.${libtorchTag()}`,
    napi: true,
    strip: true,
    tagLibc: process.platform === 'linux',
    cwd: stage,
    out: root,
    // Windows' shell does not run a .js file by its name.
    nodeGyp: process.platform === 'win32' ? `"${process.execPath}" "${shim}"` : shim,
    quiet: false,
  });
  fs.rmSync(stage, { recursive: true, force: true });
  const files = fs.readdirSync(target).map((name) => path.join(target, name));
  if (files.length !== 2) throw new Error(`expected two files in ${target} but found ${files.length}`);
  for (const file of files) {
    if (process.platform === 'linux') checkRuntime(file);
    process.stdout.write(`${path.relative(root, file)} ${fs.statSync(file).size} bytes\n`);
  }
}

main().catch((error) => {
  process.stderr.write(`prebuild: ${error.message}\n`);
  process.exitCode = 1;
});
