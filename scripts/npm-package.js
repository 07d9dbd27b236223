/** What the scripts that make npm packages of large files have in common. */
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.resolve(__dirname, '..');

/** The most that npm's registry accepts. */
const MAX_PACKED_BYTES = 230e6;

/** A module of dist, by its path there without `.js`. */
function loadDist(name) {
  try {
    return require(path.join(root, 'dist', `${name}.js`));
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error('dist is missing; run: npm run build:ts', { cause: error });
  }
}

/**
 * What npm asks of a package that is published with provenance, from the manifest of resnet-ft, where these stand once.
 *
 * @param directory of the package in the repository
 */
function provenanceFields(directory) {
  const { homepage, bugs, repository } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  return { homepage, bugs, repository: { ...repository, directory } };
}

function pack(folder, out) {
  fs.mkdirSync(out, { recursive: true });
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const packed = execFileSync(npm, ['pack', '--json', '--ignore-scripts', '--pack-destination', out], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  });
  const file = path.join(out, JSON.parse(packed)[0].filename);
  const { size } = fs.statSync(file);
  if (size > MAX_PACKED_BYTES) {
    fs.rmSync(file);
    throw new Error(`${path.basename(file)} would have ${size} bytes, and npm takes ${MAX_PACKED_BYTES}`);
  }
  return file;
}

/**
 * Makes a package: a tarball in `out`, or with `folder` the unpacked package `out`.
 *
 * @param fill puts everything into a folder that it is given
 * @returns the tarball or the folder
 */
async function makePackage({ out, folder }, fill) {
  const target = path.resolve(out);
  if (folder) {
    if (fs.existsSync(target) && fs.readdirSync(target).length > 0) throw new Error(`${target} is not empty`);
    await fill(target);
    return target;
  }
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-package-'));
  try {
    const made = path.join(temporary, 'package');
    await fill(made);
    return pack(made, target);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}

/** Runs a script's main function: what it returns is printed, and an error is one line. */
async function runScript(name, main) {
  try {
    for (const line of await main()) process.stdout.write(`${line}\n`);
  } catch (error) {
    process.stderr.write(`${name}: ${error.message}${error.hint ? ` (${error.hint})` : ''}\n`);
    process.exitCode = 1;
  }
}

module.exports = { loadDist, makePackage, provenanceFields, root, runScript };
