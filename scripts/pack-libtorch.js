/**
 * Packs the LibTorch that the ladder finds (LIBTORCH, the cache, Python) as the npm package of packages/libtorch-linux-x64-cpu,
 * which holds the manifest and no binaries. Needs dist.
 *
 *   node scripts/pack-libtorch.js [--out DIR] [--folder]
 *
 * The tarball goes to DIR, the working folder where left out; with --folder, DIR becomes the unpacked package instead.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { loadDist, makePackage, provenanceFields, root, runScript } = require('./npm-package.js');

const NAME = 'libtorch-linux-x64-cpu';

/** The pinned CPU build, of which every byte is shipped: any other is an error. */
function pinnedLibtorch() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`${NAME} is packed on linux-x64, not on ${process.platform}-${process.arch}`);
  }
  const { findLibtorch } = loadDist('libtorch/find');
  const { LIBTORCH_VERSION } = loadDist('libtorch/version');
  const found = findLibtorch();
  if (found.version.split('+')[0] !== LIBTORCH_VERSION) {
    throw new Error(
      `${found.path} is LibTorch ${found.version}, not ${LIBTORCH_VERSION}; run: npx resnet-ft libtorch install`,
    );
  }
  const names = found.libraries.map((file) => path.basename(file));
  const expected = [/^libgomp.*\.so\.1$/, /^libc10\.so$/, /^libtorch_cpu\.so$/, /^libtorch\.so$/];
  if (names.length !== expected.length || !expected.every((pattern, i) => pattern.test(names[i]))) {
    throw new Error(`${found.path} has ${names.join(', ')}: not the four libraries of the CPU build`);
  }
  return found;
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

function makeFolder(target) {
  const libtorch = pinnedLibtorch();
  const licenses = licenseFolder(libtorch);
  const template = path.join(root, 'packages', NAME);
  const manifest = JSON.parse(fs.readFileSync(path.join(template, 'package.json'), 'utf8'));
  // Only in what is published: in the checkout, where there is nothing to publish and any system must do, they would stand
  // in the way.
  delete manifest.private;
  Object.assign(manifest, provenanceFields(`packages/${NAME}`), { os: ['linux'], cpu: ['x64'], libc: ['glibc'] });
  fs.mkdirSync(path.join(target, 'lib'), { recursive: true });
  fs.writeFileSync(path.join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  fs.copyFileSync(path.join(template, 'README.md'), path.join(target, 'README.md'));
  fs.writeFileSync(path.join(target, 'build-version'), `${libtorch.version}\n`);
  for (const library of libtorch.libraries) place(library, path.join(target, 'lib', path.basename(library)));
  fs.cpSync(licenses, path.join(target, 'licenses'), { recursive: true });
}

runScript('pack-libtorch', async () => {
  const { values } = parseArgs({
    options: { out: { type: 'string', default: '.' }, folder: { type: 'boolean', default: false } },
  });
  return [await makePackage(values, makeFolder)];
});
