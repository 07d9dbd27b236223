/**
 * Makes a release in the checkout: what CHANGELOG.md has under "Unreleased" gets the version and the date, the package and all in packages/
 * that have its version get the new one, and that is committed and tagged. Nothing is pushed: the tag starts the release workflow.
 *
 *   npm run release -- major|minor|patch|VERSION [--dry-run]
 */
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const semver = require('semver');
const { runScript } = require('./npm-package.js');
const { readJson } = require('./runtime-packages.js');

const UNRELEASED = '## Unreleased';
const DEPENDENCIES = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

function git(folder, ...args) {
  try {
    return execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  } catch (cause) {
    const [reason = ''] = `${cause.stderr || cause.message}`.trim().split('\n');
    throw new Error(`git ${args[0]} failed: ${reason}`, { cause });
  }
}

/** The version that is asked for; not below the one there is, and without a tag. */
function nextVersion(folder, current, asked) {
  const version = ['major', 'minor', 'patch'].includes(asked) ? semver.inc(current, asked) : semver.valid(asked);
  if (version === null)
    throw new Error(`expected major, minor, patch or a version such as 1.2.3, but received ${asked}`);
  if (semver.lt(version, current)) throw new Error(`${version} is before ${current}, the version of package.json`);
  if (git(folder, 'tag', '--list', `v${version}`) !== '') throw new Error(`v${version} is tagged already`);
  return version;
}

/** The changelog with what is unreleased under the version. */
function changelogWith(text, version, date) {
  const begin = text.indexOf(`${UNRELEASED}\n`);
  if (begin < 0) throw new Error(`CHANGELOG.md has no heading "${UNRELEASED}"`);
  const after = begin + UNRELEASED.length;
  const next = text.indexOf('\n## ', after);
  if (text.slice(after, next < 0 ? undefined : next).trim() === '')
    throw new Error(`CHANGELOG.md has nothing under "${UNRELEASED}"`);
  return `${text.slice(0, after)}\n\n## ${version} (${date})${text.slice(after)}`;
}

/** Sets the version of a manifest, or of its entry in the lock file, and of the packages among its dependencies that get it too. */
function withVersion(manifest, names, from, to) {
  const bumped = { ...manifest, ...(manifest.version === from ? { version: to } : {}) };
  for (const kind of DEPENDENCIES) {
    if (manifest[kind] === undefined) continue;
    const entries = Object.entries(manifest[kind]);
    bumped[kind] = Object.fromEntries(
      entries.map(([name, range]) => [name, names.has(name) && range === from ? to : range]),
    );
  }
  return bumped;
}

/** The files of the release, by name, with their new text. */
function releaseFiles(folder, version, date) {
  const { version: current, workspaces = [] } = readJson(folder, 'package.json');
  const folders = ['', ...workspaces].filter((place) => readJson(folder, place, 'package.json').version === current);
  const names = new Set(folders.map((place) => readJson(folder, place, 'package.json').name));
  const json = (value) => `${JSON.stringify(value, null, 2)}\n`;
  const files = new Map();
  for (const place of folders) {
    const name = path.posix.join(place, 'package.json');
    files.set(name, json(withVersion(readJson(folder, name), names, current, version)));
  }
  const lock = readJson(folder, 'package-lock.json');
  for (const place of folders) lock.packages[place] = withVersion(lock.packages[place], names, current, version);
  files.set('package-lock.json', json({ ...lock, version }));
  const changelog = fs.readFileSync(path.join(folder, 'CHANGELOG.md'), 'utf8');
  files.set('CHANGELOG.md', changelogWith(changelog, version, date));
  return files;
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'dry-run': { type: 'boolean', default: false } },
  });
  // npm runs it in the folder of package.json.
  const folder = process.cwd();
  const [asked, ...others] = positionals;
  if (asked === undefined || others.length > 0) throw new Error('expected one of major, minor, patch or a version');
  const changed = git(folder, 'status', '--porcelain');
  if (changed !== '')
    throw new Error(`the checkout is not clean: ${changed.split('\n')[0].trim()}; commit or stash it first`);
  const version = nextVersion(folder, readJson(folder, 'package.json').version, asked);
  const files = releaseFiles(folder, version, new Date().toISOString().slice(0, 10));
  if (values['dry-run']) return [`would release ${version}: ${[...files.keys()].join(', ')}`];

  const before = git(folder, 'rev-parse', 'HEAD').trim();
  for (const [name, text] of files) fs.writeFileSync(path.join(folder, name), text);
  try {
    git(folder, 'add', '--', ...files.keys());
    git(folder, 'commit', '--quiet', '-m', `Release ${version}`);
    git(folder, 'tag', '--annotate', `v${version}`, '-m', `resnet-ft ${version}`);
  } catch (error) {
    // As a hook that refuses it, or a key that can't sign it: the checkout was clean before.
    git(folder, 'reset', '--quiet', '--hard', before);
    throw error;
  }
  return [`released ${version} here; to publish it: git push --follow-tags`];
}

if (require.main === module) runScript('release', main);
