/**
 * Puts what lib/charts/echarts.ts uses of Apache ECharts into dist/charts/echarts.js, and the licences of what is in there beside it, so that
 * users install nothing for it. tsc writes that file too, for development: it then needs node_modules. Needs dist.
 *
 *   node scripts/bundle-charts.js
 *
 * It is a transformer of jest too: tests of the sources go through the same bundler.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const esbuild = require('esbuild');

const root = path.resolve(__dirname, '..');
const ENTRY = path.join(root, 'lib', 'charts', 'echarts.ts');

/** What the bundle holds: the package, its licence, and files of it that must go with that. */
const PARTS = [
  {
    name: 'echarts',
    title: 'Apache ECharts',
    licence: 'Apache-2.0',
    files: ['LICENSE', 'NOTICE', 'licenses/LICENSE-d3'],
  },
  { name: 'zrender', title: 'ZRender', licence: 'BSD-3-Clause', files: ['LICENSE'] },
  { name: 'tslib', title: 'tslib', licence: '0BSD', files: ['LICENSE.txt'] },
];

/** Where a package is, as ECharts finds it: not every one tells of its package.json. */
function folderOf(name) {
  const echarts = path.dirname(require.resolve('echarts/package.json'));
  if (name === 'echarts') return echarts;
  const places = [path.join(echarts, 'node_modules'), ...(require.resolve.paths(name) ?? [])];
  return places.map((place) => path.join(place, name)).find(fs.existsSync);
}

/** The source as one CommonJS file that needs nothing but Node.js, and the names of the packages that are in it. */
function bundle(entry, options = {}) {
  const { outputFiles, metafile } = esbuild.buildSync({
    ...{ entryPoints: [entry], bundle: true, write: false, metafile: true },
    ...{
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      legalComments: 'none',
      charset: 'ascii',
      logLevel: 'warning',
    },
    define: { 'process.env.NODE_ENV': '"production"' },
    ...options,
  });
  const packages = Object.keys(metafile.inputs).map((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]);
  return { code: outputFiles[0].text, packages: [...new Set(packages.filter((name) => name !== undefined))].sort() };
}

/** The licences of what is in the bundle. */
function notices() {
  return PARTS.map(({ name, title, licence, files }) => {
    const folder = folderOf(name);
    const { version } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const texts = files.map((file) => `${file}\n\n${fs.readFileSync(path.join(folder, file), 'utf8').trim()}\n`);
    return `${title} ${version} (${licence})\n${'='.repeat(60)}\n\n${texts.join(`\n${'-'.repeat(60)}\n\n`)}`;
  }).join('\n\n');
}

const BANNER =
  '/*! Parts of Apache ECharts (Apache-2.0), ZRender (BSD-3-Clause) and tslib (0BSD): echarts.LICENSE.txt beside this file. */';

function main() {
  const { code, packages } = bundle(ENTRY, { minify: true, banner: { js: BANNER } });
  const unknown = packages.filter((name) => !PARTS.some((part) => part.name === name));
  if (unknown.length > 0)
    throw new Error(`the bundle holds packages whose licences are not known: ${unknown.join(', ')}`);
  const out = path.join(root, 'dist', 'charts');
  for (const [name, text] of [
    ['echarts.LICENSE.txt', notices()],
    ['echarts.js', code],
  ]) {
    // Whoever reads one meanwhile reads all of it.
    const temporary = path.join(out, `.${name}.${process.pid}`);
    fs.writeFileSync(temporary, text);
    fs.renameSync(temporary, path.join(out, name));
  }
  process.stderr.write(`dist/charts/echarts.js ${code.length} bytes\n`);
}

if (require.main === module) main();

module.exports = { PARTS, process: (_source, file) => ({ code: bundle(file).code }) };
