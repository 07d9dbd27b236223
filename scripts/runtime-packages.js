/** What users of the package get beside it, by package-lock.json: nothing needs to be installed, and packages of other systems count too. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { PARTS } = require('./bundle-charts.js');

const readJson = (...names) => JSON.parse(fs.readFileSync(path.join(...names), 'utf8'));

/**
 * Packages that npm installs with ours, and those of which the bundle in dist has parts.
 *
 * @returns {{ name: string, version: string, licence: string, kind: 'installed' | 'bundled' | 'own' }[]} by name and version; of `own`, which are
 *   workspaces, there is a package for each in packages/
 */
function runtimePackages(root) {
  const { packages } = readJson(root, 'package-lock.json');
  const bundled = new Set([
    ...PARTS.map(({ name }) => `node_modules/${name}`),
    ...PARTS.map(({ name }) => `node_modules/echarts/node_modules/${name}`),
  ]);
  const found = new Map();
  for (const [place, entry] of Object.entries(packages)) {
    const name = /.*node_modules\/(.+)/.exec(place)?.[1];
    if (name === undefined) continue;
    const own = entry.link === true;
    // devOptional: what development and an optional dependency need. Peers are optional, and nobody gets them from us.
    const installed = entry.dev !== true && entry.peer !== true;
    if (!installed && !bundled.has(place)) continue;
    const { version, license = '' } = own ? readJson(root, entry.resolved, 'package.json') : entry;
    const kind = own ? 'own' : installed ? 'installed' : 'bundled';
    const key = `${name}@${version}`;
    if (!found.has(key)) found.set(key, { name, version, licence: license, kind });
  }
  return [...found.values()].sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

module.exports = { readJson, runtimePackages };
