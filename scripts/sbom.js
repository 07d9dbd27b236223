/**
 * Writes what users of the package get as CycloneDX: what `npm sbom` says of the whole lock file, less what only development needs, and with
 * the packages of which dist has parts. (`npm sbom --omit dev` of npm 11.19 also leaves out what both need, such as semver.)
 *
 *   node scripts/sbom.js [--out FILE]     to standard output where no file is named
 */
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { root, runScript } = require('./npm-package.js');
const { readJson, runtimePackages } = require('./runtime-packages.js');

function npmSbom(folder) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'library', '--package-lock-only'];
  const shell = process.platform === 'win32';
  return JSON.parse(execFileSync(npm, args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26, shell }));
}

/** The bill of materials of the package in a folder. */
function billOfMaterials(folder) {
  const bill = npmSbom(folder);
  const { name, version } = readJson(folder, 'package.json');
  const kinds = new Map(runtimePackages(folder).map((one) => [`${one.name}@${one.version}`, one]));
  const own = `${name}@${version}`;
  // npm names it after the folder.
  bill.metadata.component.name = name;
  bill.components = bill.components
    .filter((component) => kinds.has(component['bom-ref']))
    .map((component) => {
      const { kind, licence } = kinds.get(component['bom-ref']);
      const properties = component.properties.filter(
        (one) => !/^cdx:npm:package:(development|private|path)$/.test(one.name),
      );
      if (kind === 'bundled') properties.push({ name: 'cdx:npm:package:bundled', value: 'true' });
      // npm leaves out a licence that is no SPDX expression.
      const licences = component.licenses ?? [{ license: { name: licence } }];
      return { ...component, properties, licenses: licences };
    });
  const bundled = [...kinds].filter(([, { kind }]) => kind === 'bundled').map(([ref]) => ref);
  bill.dependencies = bill.dependencies
    .filter(({ ref }) => ref === own || kinds.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => kinds.has(one)) }));
  const ours = bill.dependencies.find(({ ref }) => ref === own);
  ours.dependsOn = [...new Set([...ours.dependsOn, ...bundled])];
  const missing = [...kinds.keys()].filter((ref) => !bill.components.some((component) => component['bom-ref'] === ref));
  if (missing.length > 0) throw new Error(`npm sbom does not tell of ${missing.join(', ')}`);
  return bill;
}

function main() {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  const text = JSON.stringify(billOfMaterials(root), null, 2);
  if (values.out === undefined) return [text];
  fs.mkdirSync(path.dirname(path.resolve(values.out)), { recursive: true });
  fs.writeFileSync(values.out, `${text}\n`);
  return [values.out];
}

module.exports = { billOfMaterials };
if (require.main === module) runScript('sbom', main);
