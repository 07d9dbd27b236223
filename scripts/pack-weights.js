/**
 * Packs named weights of the registry (lib/weights/registry.ts) as npm packages, of the template packages/weights. The file is downloaded as
 * by `weights download`, or named, and packed byte for byte once its hash is that of the registry. Needs dist.
 *
 *   node scripts/pack-weights.js [NAME] [--arch ARCH] [--file FILE] [--out DIR] [--folder]
 *
 * Without NAME all that are published on npm; ARCH is resnet50 where left out. The tarballs go to DIR, the working folder where left out;
 * with --folder, DIR becomes the unpacked package instead, whatever its size.
 */
'use strict';

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { loadDist, makePackage, provenanceFields, root, runScript } = require('./npm-package.js');

const TEMPLATE = path.join(root, 'packages', 'weights');
const HASH_DIGITS = 64;

/** The entry of the registry; an error that names what there is where there is none. */
function entryOf(name, arch) {
  const { NAMED_WEIGHTS } = loadDist('weights/registry');
  const found = NAMED_WEIGHTS.find((entry) => entry.name === name && entry.arch === arch);
  if (found !== undefined) return found;
  const known = NAMED_WEIGHTS.map((entry) => `${entry.name} --arch ${entry.arch}`);
  throw new Error(`there are no weights ${name} --arch ${arch}, but ${known.join(', ')}`);
}

async function sha256Of(file) {
  const hash = createHash('sha256');
  for await (const part of fs.createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(part);
  return hash.digest('hex');
}

/** Fills a folder with the package of the weights: the file under its own name, and what the template has. */
async function fillPackage(entry, file, target) {
  const { faultOfWeights } = loadDist('weights/fault');
  const fault = await faultOfWeights(entry, file, { hash: true });
  if (fault !== undefined) throw new Error(`${file} is not ${entry.name} of ${entry.arch}: ${fault}`);
  const { weightsPackageName } = loadDist('weights/packaged');
  const { name, arch } = entry;
  const own = path.posix.basename(entry.path);
  fs.mkdirSync(target, { recursive: true });
  // A copy and no link: whoever changes the package must not change what torch.hub keeps.
  const copy = path.join(target, own);
  fs.copyFileSync(file, copy, fs.constants.COPYFILE_FICLONE);
  const sha256 = await sha256Of(copy);
  if (!sha256.startsWith(entry.sha256)) throw new Error(`${file} was changed while it was copied`);
  const values = {
    PACKAGE: weightsPackageName(entry),
    OPTIONS: `--arch ${arch} --weights ${name}`,
    TORCHVISION_NAME: `IMAGENET1K_${name.replace(/^imagenet-/, '').toUpperCase()}`,
    SHA256: sha256,
    BYTES: String(fs.statSync(copy).size),
    ...{ ARCH: arch, NAME: name, FILE: own, PATH: entry.path },
  };
  const filled = (text) =>
    text.replace(new RegExp(`\\b(${Object.keys(values).join('|')})\\b`, 'g'), (key) => values[key]);
  const textOf = (part) => fs.readFileSync(path.join(TEMPLATE, part), 'utf8');

  const manifest = JSON.parse(filled(textOf('package.json')));
  delete manifest.private;
  Object.assign(manifest, provenanceFields('packages/weights'));
  fs.writeFileSync(path.join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const part of ['README.md', 'NOTICE']) fs.writeFileSync(path.join(target, part), filled(textOf(part)));
  fs.copyFileSync(path.join(TEMPLATE, 'LICENSE'), path.join(target, 'LICENSE'));
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      arch: { type: 'string', default: 'resnet50' },
      file: { type: 'string' },
      out: { type: 'string', default: '.' },
      folder: { type: 'boolean', default: false },
    },
  });
  const { isOnNpm, locateWeights, NAMED_WEIGHTS } = loadDist('weights/registry');
  const [name, ...others] = positionals;
  if (others.length > 0 || (name === undefined && (values.file !== undefined || values.folder)))
    throw new Error('expected one NAME, such as imagenet-v1');
  const entries = name === undefined ? NAMED_WEIGHTS.filter(isOnNpm) : [entryOf(name, values.arch)];
  const made = [];
  for (const entry of entries) {
    const file = values.file ?? (await locateWeights(entry));
    if (entry.sha256.length < HASH_DIGITS)
      process.stderr.write(`pack-weights: of the SHA-256 of ${file} only ${entry.sha256} is known, and compared\n`);
    made.push(await makePackage(values, (target) => fillPackage(entry, file, target)));
  }
  return made;
}

module.exports = { fillPackage };
if (require.main === module) runScript('pack-weights', main);
