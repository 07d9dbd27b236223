/**
 * Makes prebuilds/<platform>-<arch>/ with prebuildify: the loader, tagged with the LibTorch that it fits and the C library,
 * and the core beside it, with what several processes need on that LibTorch. Needs dist.
 *
 *   node scripts/prebuild.js [--no-build] [--c10d DIR]...
 *
 * `--no-build` takes what is in build/Release. What several processes need is another library for each minor version: `--c10d` adds that for
 * the LibTorch in DIR, which must have headers; with CUDA, if it has it and RESNET_FT_NCCL and RESNET_FT_CUDA name theirs.
 */
'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs, promisify } = require('node:util');
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

/** Builds what several processes need for each of these LibTorch folders, and copies it beside the addon. */
function addC10d(folders, target) {
  if (folders.length === 0) return;
  const args = [path.join(__dirname, 'build-native.js'), ...folders.flatMap((folder) => ['--c10d', folder])];
  const { stdout } = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  const built = stdout.split('\n').filter((line) => line !== '');
  if (built.length === 0) throw new Error('what several processes need was not built; the reason is above');
  for (const file of built) fs.copyFileSync(file, path.join(target, path.basename(file)));
}

async function main() {
  const { 'no-build': asItIs, c10d } = parseArgs({
    options: { 'no-build': { type: 'boolean', default: false }, c10d: { type: 'string', multiple: true, default: [] } },
  }).values;
  const target = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  const shim = path.join(__dirname, 'prebuild-node-gyp.js');
  fs.rmSync(stage, { recursive: true, force: true });
  fs.rmSync(target, { recursive: true, force: true });
  fs.mkdirSync(stage, { recursive: true });
  if (!asItIs) execFileSync(process.execPath, [path.join(__dirname, 'build-native.js')], { stdio: 'inherit' });
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
  addC10d(c10d, target);
  const files = fs.readdirSync(target).map((name) => path.join(target, name));
  const addon = files.filter((file) => !path.basename(file).includes('resnet_ft_c10d'));
  if (addon.length !== 2)
    throw new Error(`expected the loader and the core in ${target} but found ${addon.join(', ')}`);
  for (const file of files) {
    if (process.platform === 'linux') checkRuntime(file);
    process.stdout.write(`${path.relative(root, file)} ${fs.statSync(file).size} bytes\n`);
  }
}

main().catch((error) => {
  process.stderr.write(`prebuild: ${error.message}\n`);
  process.exitCode = 1;
});
