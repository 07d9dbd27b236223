/**
 * Makes prebuilds/<platform>-<arch>/ with prebuildify: the loader, tagged with the LibTorch that it fits and the C library,
 * and the core beside it, with what several processes need on that LibTorch. Needs dist.
 *
 *   node scripts/prebuild.js [--no-build] [--arch arm64] [--out DIR] [--c10d DIR]...
 *
 * `--no-build` takes what is in build/Release. `--arch arm64` compiles for Linux arm64 on another Linux (scripts/build-native.js says what that
 * needs), and `--out` is where prebuilds/ is made, the checkout where left out. What several processes need is another library for each minor version: `--c10d` adds that for
 * the LibTorch in DIR, which must have headers; with CUDA, if it has it and RESNET_FT_NCCL and RESNET_FT_CUDA name theirs.
 */
'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs, promisify } = require('node:util');
const prebuildify = promisify(require('prebuildify'));
const { buildTarget } = require('./build-target');
const { checkRuntime } = require('./elf');

const root = path.resolve(__dirname, '..');
/** The minor version of LibTorch that the addon was compiled against, as its tag; node-gyp-build ignores tags that it does not know. */
function libtorchTag({ folder, crossed }) {
  let minor;
  if (crossed === undefined) {
    minor = require(path.join(folder, 'Release', 'resnet_ft.node'))
      .libtorchVersion.split('.')
      .slice(0, 2);
  } else {
    // An addon for another processor can't be asked.
    const cache = fs.readFileSync(path.join(folder, 'CMakeCache.txt'), 'utf8');
    const libtorch = /^RESNET_FT_LIBTORCH:PATH=(.*)$/m.exec(cache)[1];
    const header = fs.readFileSync(path.join(libtorch, 'include', 'torch', 'headeronly', 'version.h'), 'utf8');
    minor = ['MAJOR', 'MINOR'].map((part) => new RegExp(`^#define TORCH_VERSION_${part} (\\d+)`, 'm').exec(header)[1]);
  }
  return `libtorch-${minor.join('.')}`;
}

/** Builds what several processes need for each of these LibTorch folders, and copies it beside the addon. */
function addC10d(folders, arch, target) {
  if (folders.length === 0) return;
  const named = folders.flatMap((folder) => ['--c10d', folder]);
  const args = [path.join(__dirname, 'build-native.js'), '--arch', arch, ...named];
  const options = { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' };
  const { status, stdout } = spawnSync(process.execPath, args, options);
  const built = stdout.split('\n').filter((line) => line !== '');
  // Of several folders the first may have been built.
  if (status !== 0 || built.length === 0)
    throw new Error('what several processes need was not built; the reason is above');
  for (const file of built) fs.copyFileSync(file, path.join(target, path.basename(file)));
}

/** Has prebuildify name what is in the build folder and put it into prebuilds/. */
async function takeBuilt(target, arch, out) {
  const shim = path.join(__dirname, 'prebuild-node-gyp.js');
  // prebuildify moves what it finds; it works on a copy, so that the checkout's own build stays whole.
  const stage = path.join(target.folder, 'prebuild');
  fs.rmSync(stage, { recursive: true, force: true });
  fs.mkdirSync(stage, { recursive: true });
  process.env.PREBUILD_STAGE = stage;
  process.env.PREBUILD_RELEASE = path.join(target.folder, 'Release');
  await prebuildify({
    ...{ name: `resnet_ft.${libtorchTag(target)}`, arch, napi: true, cwd: stage, out, quiet: false },
    // The linker has done it for Linux (CMakeLists.txt), and this machine's `strip` knows no other processor.
    strip: target.crossed === undefined,
    tagLibc: process.platform === 'linux',
    // Windows' shell does not run a .js file by its name.
    nodeGyp: process.platform === 'win32' ? `"${process.execPath}" "${shim}"` : shim,
  });
  fs.rmSync(stage, { recursive: true, force: true });
}

async function main() {
  const values = parseArgs({
    options: {
      'no-build': { type: 'boolean', default: false },
      arch: { type: 'string', default: process.arch },
      out: { type: 'string', default: root },
      c10d: { type: 'string', multiple: true, default: [] },
    },
  }).values;
  const { 'no-build': asItIs, arch, c10d } = values;
  const out = path.resolve(values.out);
  const folder = path.join(out, 'prebuilds', `${process.platform}-${arch}`);
  const target = buildTarget(arch);
  fs.rmSync(folder, { recursive: true, force: true });
  if (!asItIs) {
    execFileSync(process.execPath, [path.join(__dirname, 'build-native.js'), '--arch', arch], { stdio: 'inherit' });
  }
  await takeBuilt(target, arch, out);
  addC10d(c10d, arch, folder);
  const files = fs.readdirSync(folder).map((name) => path.join(folder, name));
  const addon = files.filter((file) => !path.basename(file).includes('resnet_ft_c10d'));
  if (addon.length !== 2)
    throw new Error(`expected the loader and the core in ${folder} but found ${addon.join(', ')}`);
  for (const file of files) {
    if (process.platform === 'linux') checkRuntime(file, arch);
    process.stdout.write(`${path.relative(out, file)} ${fs.statSync(file).size} bytes\n`);
  }
}

main().catch((error) => {
  process.stderr.write(`prebuild: ${error.message}\n`);
  process.exitCode = 1;
});
