/**
 * Packs the LibTorch that the ladder finds (LIBTORCH, the cache, Python) as the npm package of packages/libtorch-<platform>-cpu,
 * which holds the manifest and no binaries. Needs dist, and objdump for that platform.
 *
 *   node scripts/pack-libtorch.js [--platform linux-arm64] [--out DIR] [--folder] [--trial]
 *
 * The tarball goes to DIR, the working folder where left out; with --folder, DIR becomes the unpacked package instead. With --platform the
 * LibTorch that LIBTORCH names may be for another processor than this one. --trial also takes a build with CUDA, without its CUDA libraries but
 * with what the others need of NVIDIA's: PyPI has no other for arm64. Such a package stays private, so that npm does not publish it.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { machineOf, needed } = require('./elf.js');
const { loadDist, makePackage, provenanceFields, root, runScript } = require('./npm-package.js');

const PLATFORMS = ['linux-x64', 'linux-arm64'];

/** What every Linux with glibc and a C++ runtime has. */
const OF_THE_SYSTEM = /^(lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)\.so\.\d+|ld-linux-[\w-]+\.so\.\d+)$/;

/** These libraries and all that they need, from the folders given; an error where something is in none of them. */
function withNeeded(libraries, folders) {
  const files = [...libraries];
  // Grows while it is gone through.
  for (const file of files) {
    for (const name of needed(file)) {
      if (OF_THE_SYSTEM.test(name) || files.some((other) => path.basename(other) === name)) continue;
      const place = folders.find((folder) => fs.existsSync(path.join(folder, name)));
      if (place === undefined) {
        throw new Error(`${file} needs ${name}, which is not beside it: this is not PyTorch's CPU build`);
      }
      files.push(path.join(place, name));
    }
  }
  return files;
}

/** Where pip puts NVIDIA's libraries, beside torch. */
function nvidiaFolders(libtorch) {
  const nvidia = path.join(path.dirname(libtorch), 'nvidia');
  return fs.existsSync(nvidia) ? fs.readdirSync(nvidia).map((name) => path.join(nvidia, name, 'lib')) : [];
}

/** The pinned CPU build, of which every byte is shipped: any other is an error. */
function pinnedLibtorch({ platform, trial }) {
  const { findLibtorch } = loadDist('libtorch/find');
  const { cpuLibraries, isCudaBuild } = loadDist('libtorch/inspect');
  const { LIBTORCH_VERSION } = loadDist('libtorch/version');
  if (platform !== `${process.platform}-${process.arch}` && !process.env.LIBTORCH) {
    throw new Error(`set LIBTORCH to a LibTorch for ${platform}: the torch folder of a wheel for it`);
  }
  const found = findLibtorch();
  if (found.version.split('+')[0] !== LIBTORCH_VERSION) {
    throw new Error(
      `${found.path} is LibTorch ${found.version}, not ${LIBTORCH_VERSION}; run: npx resnet-ft libtorch install`,
    );
  }
  if (isCudaBuild(found) && !trial) {
    throw new Error(`${found.path} is a CUDA build: take PyTorch's CPU build, ${LIBTORCH_VERSION}+cpu`);
  }
  const opened = trial ? cpuLibraries(found) : found.libraries;
  for (const file of opened) {
    const { arch } = machineOf(file);
    if (`linux-${arch}` !== platform) throw new Error(`${file} is for linux-${arch}, not for ${platform}`);
  }
  const lib = path.join(found.path, 'lib');
  return { ...found, libraries: withNeeded(opened, trial ? [lib, ...nvidiaFolders(found.path)] : [lib]) };
}

/** The folder of the licences: inside LibTorch where `libtorch install` put it there, beside it in a Python environment. */
function licenseFolder(libtorch) {
  const beside = path.dirname(libtorch.path);
  const info = fs.readdirSync(beside).find((name) => /^torch-.*\.dist-info$/.test(name));
  const places = [path.join(libtorch.path, 'licenses'), ...(info ? [path.join(beside, info, 'licenses')] : [])];
  const found = places.find((folder) => fs.existsSync(path.join(folder, 'LICENSE')));
  if (found === undefined)
    throw new Error(
      `no licences in ${places.join(' or ')}: take a LibTorch from a wheel, or remove that of an older version and run: ` +
        'npx resnet-ft libtorch install',
    );
  return found;
}

/** Copies a file, as a hard link where that is possible: the libraries are 437 MB. */
function place(source, target) {
  try {
    fs.linkSync(fs.realpathSync(source), target);
  } catch {
    fs.copyFileSync(source, target);
  }
}

function makeFolder(target, { platform, trial }) {
  const name = `libtorch-${platform}-cpu`;
  const libtorch = pinnedLibtorch({ platform, trial });
  const licenses = licenseFolder(libtorch);
  const template = path.join(root, 'packages', name);
  const manifest = JSON.parse(fs.readFileSync(path.join(template, 'package.json'), 'utf8'));
  // Only in what is published: in the checkout, where there is nothing to publish and any system must do, they would stand
  // in the way.
  if (!trial) delete manifest.private;
  const [os, cpu] = platform.split('-');
  Object.assign(manifest, provenanceFields(`packages/${name}`), { os: [os], cpu: [cpu], libc: ['glibc'] });
  fs.mkdirSync(path.join(target, 'lib'), { recursive: true });
  fs.writeFileSync(path.join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  fs.copyFileSync(path.join(template, 'README.md'), path.join(target, 'README.md'));
  fs.writeFileSync(path.join(target, 'build-version'), `${libtorch.version}\n`);
  for (const library of libtorch.libraries) place(library, path.join(target, 'lib', path.basename(library)));
  fs.cpSync(licenses, path.join(target, 'licenses'), { recursive: true });
}

runScript('pack-libtorch', async () => {
  const { values } = parseArgs({
    options: {
      platform: { type: 'string', default: `${process.platform}-${process.arch}` },
      out: { type: 'string', default: '.' },
      folder: { type: 'boolean', default: false },
      trial: { type: 'boolean', default: false },
    },
  });
  if (!PLATFORMS.includes(values.platform)) {
    throw new Error(`LibTorch is packed for ${PLATFORMS.join(' and ')}, not for ${values.platform}`);
  }
  return [await makePackage(values, (target) => makeFolder(target, values))];
});
