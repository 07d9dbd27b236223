/**
 * Builds the addon with cmake-js against the LibTorch that is found, or that it installs. Needs dist (npm run build:ts).
 * With --sanitize address,undefined or thread it is built with these sanitizers into build/address or build/thread, for
 * scripts/test-sanitized.js. With --c10d DIR... only what lets several
 * processes train together is built, for the LibTorch in each of these folders, into build/c10d-<minor>/Release; standard output names
 * the files. With --arch arm64 it is compiled on another Linux for Linux arm64 (cmake/aarch64-linux-gnu.cmake), against the LibTorch for arm64
 * that LIBTORCH names, into build/linux-arm64/Release; nothing of it can be opened here.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { buildTarget } = require('./build-target');
const { findGlooHeaders } = require('./gloo-headers');

const root = path.resolve(__dirname, '..');
const { arch, sanitize, c10d } = parseArgs({
  options: {
    arch: { type: 'string', default: process.arch },
    sanitize: { type: 'string' },
    c10d: { type: 'string', multiple: true, default: [] },
  },
}).values;
const say = (line) => process.stderr.write(`build-native: ${line}\n`);

function loadDist(name) {
  const file = path.join(root, 'dist', name);
  try {
    return require(file);
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') {
      throw new Error(`${file}.js is missing; run: npm run build:ts`, { cause: error });
    }
    throw error;
  }
}

async function libtorchWithHeaders(crossed) {
  const { findLibtorch } = loadDist('libtorch/find');
  // What is installed here is for this processor.
  if (crossed !== undefined && !process.env.LIBTORCH) {
    throw new Error(`set LIBTORCH to a LibTorch for linux-${arch}, with headers: the torch folder of a wheel for it`);
  }
  const { installLibtorch } = loadDist('libtorch/install');
  try {
    return findLibtorch({ requireHeaders: true });
  } catch (error) {
    // Only where none was found: a wrong LIBTORCH is for the user to correct.
    if (error.code !== 'LIBTORCH_NOT_FOUND') throw error;
    say(error.message);
  }
  return installLibtorch({ onProgress: say });
}

/** Where gloo's headers are, or why there are none. */
function findGloo() {
  const { isOffline } = loadDist('download/download');
  return findGlooHeaders({ cache: path.join(root, 'build', 'gloo'), say, offline: isOffline({}) });
}

/** Where gloo's headers are; undefined where what needs them is left out. */
function glooHeaders() {
  const { folder, reason } = findGloo();
  if (folder === undefined) say(`built without --nproc: ${reason}`);
  return folder;
}

/**
 * Where cmake-js is to have everything made, before it goes to where it is looked for: the loader is linked within seconds and the core
 * after minutes, if it compiles at all, and a loader without its core would be taken before a prebuilt addon that works.
 */
const madeIn = (out) => path.join(out, 'made', 'Release');

/** How CMake is told so. Generators with several configurations, as on Windows, add the name of theirs. */
function outputDirectory(out) {
  const made = madeIn(out);
  return process.platform === 'win32'
    ? `--CDCMAKE_RUNTIME_OUTPUT_DIRECTORY=${path.dirname(made).replaceAll('\\', '/')}`
    : `--CDCMAKE_LIBRARY_OUTPUT_DIRECTORY=${made}`;
}

/** Puts what was made where it is looked for, each file at once and the loader last: node-gyp-build goes by the loader alone. */
function putInPlace(out) {
  const isLoader = (name) => name.endsWith('.node');
  const made = madeIn(out);
  const names = fs.readdirSync(made).sort((a, b) => isLoader(a) - isLoader(b));
  fs.mkdirSync(path.join(out, 'Release'), { recursive: true });
  for (const name of names) {
    // Copied, so that the next build does not link anew what has not changed.
    const copy = path.join(path.dirname(made), `${name}.copy`);
    fs.copyFileSync(path.join(made, name), copy);
    fs.renameSync(copy, path.join(out, 'Release', name));
  }
}

function cmakeJs(command, { libtorch, out, gloo, target, crossed }) {
  const manifest = require.resolve('cmake-js/package.json', { paths: [root] });
  const bin = path.join(path.dirname(manifest), require(manifest).bin['cmake-js']);
  const args = [bin, command, '--config', 'Release', '--out', out, '--directory', root, '--arch', arch];
  args.push(outputDirectory(out));
  args.push(`--CDRESNET_FT_LIBTORCH=${libtorch.replaceAll('\\', '/')}`);
  args.push(`--CDRESNET_FT_GLOO=${gloo?.replaceAll('\\', '/') ?? 'OFF'}`);
  for (const name of ['RESNET_FT_NCCL', 'RESNET_FT_CUDA']) args.push(`--CD${name}=${process.env[name] || 'OFF'}`);
  if (target !== undefined) args.push('--target', target);
  if (crossed !== undefined) args.push(`--CDCMAKE_TOOLCHAIN_FILE=${crossed.toolchain}`);
  if (sanitize !== undefined) args.push(`--CDRESNET_FT_SANITIZE=${sanitize}`);
  // cmake-js's own output is progress, not a result.
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) throw error;
  return status === 0;
}

/** Configures and builds what a folder of a LibTorch asks for. */
function build(options) {
  // A failed configuration may come from a build folder of another place or generator: once more from nothing. A failed
  // compilation is not repeated (as cmake-js's `compile` would), for the same sources fail the same way.
  if (!cmakeJs('configure', options) && !cmakeJs('reconfigure', options)) {
    throw new Error('cmake-js could not configure the build; its messages are above');
  }
  if (!cmakeJs('build', options)) throw new Error('the addon did not compile; the messages are above');
  putInPlace(options.out);
  say(`built ${path.join(options.out, 'Release')}`);
}

/** What lets several processes train together, for other versions of LibTorch. */
async function buildC10d(folders, { folder: buildFolder, crossed }) {
  const { cpuLibraries, inspectLibtorch } = loadDist('libtorch/inspect');
  const { shownMinor } = loadDist('libtorch/compatibility');
  const { whyNotOpened } = loadDist('libtorch/trial');
  const { folder: gloo, reason: missing } = findGloo();
  if (gloo === undefined) throw new Error(missing);
  for (const folder of folders) {
    const found = inspectLibtorch(path.resolve(folder), { requireHeaders: true });
    if ('reason' in found) throw new Error(`${folder} is no LibTorch that fits: ${found.reason}`);
    const minor = shownMinor(found.version);
    say(`LibTorch ${found.version} of ${found.path}`);
    const out = path.join(buildFolder, `c10d-${minor}`);
    // What an earlier build has left there is not named.
    for (const place of [madeIn(out), path.join(out, 'Release')]) fs.rmSync(place, { recursive: true, force: true });
    build({ libtorch: found.path, out, gloo, crossed, target: 'resnet_ft_several' });
    const files = fs.readdirSync(path.join(out, 'Release')).map((name) => path.join(out, 'Release', name));
    for (const file of crossed === undefined ? files : []) {
      // The linker leaves it to whoever opens it whether LibTorch has all that it needs; those of CUDA can't be opened without a driver
      // (scripts/cuda-symbols.js).
      const needed = path.basename(file).includes('_cuda-') ? [] : [...cpuLibraries(found), file];
      const failure = await whyNotOpened(needed);
      if (failure !== undefined) throw new Error(`what was built can't be opened: ${failure}`);
    }
    for (const file of files) process.stdout.write(`${file}\n`);
  }
}

async function main() {
  const target = buildTarget(arch);
  if (c10d.length > 0) return buildC10d(c10d, target);
  const { crossed, folder: buildFolder } = target;
  const libtorch = await libtorchWithHeaders(crossed);
  say(`LibTorch ${libtorch.version} of ${libtorch.path}`);
  // As a package's own build folder lies in it, so that RESNET_FT_PREBUILD can name it.
  const out = sanitize === undefined ? buildFolder : path.join(buildFolder, sanitize.split(',')[0], 'build');
  build({ libtorch: libtorch.path, out, gloo: glooHeaders(), crossed });
}

main().catch((error) => {
  say(`${error.message}${error.hint ? ` (${error.hint})` : ''}`);
  process.exitCode = 1;
});
