/**
 * Bundles packages/runtime as the npm package @resnet-ft/runtime: for Node.js (CommonJS, and an ES module that leads there) and for browsers.
 * Needs no dist.
 *
 *   node scripts/pack-runtime.js [--out DIR] [--folder]
 *
 * The tarball goes to DIR, the working folder where left out; with --folder, DIR becomes the unpacked package instead.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const esbuild = require('esbuild');
const { makePackage, provenanceFields, root, runScript } = require('./npm-package.js');

const SOURCE = path.join(root, 'packages', 'runtime');

/** What a user installs beside it. */
const EXTERNAL = ['onnxruntime-node', 'onnxruntime-web', 'onnxruntime-web/wasm', 'sharp'];

/** Packages that may be in the bundles, and their licences. */
const PARTS = {
  'async-mutex': { licence: 'MIT', file: 'LICENSE' },
  pbf: { licence: 'BSD-3-Clause', file: 'LICENSE' },
  tslib: { licence: '0BSD', file: 'LICENSE.txt' },
};

/** Sources of lib do nothing by being imported: what is not used is left out. And one file is replaced. */
const SOURCES = {
  name: 'sources',
  setup(build) {
    build.onResolve({ filter: /^\./ }, async ({ path: wanted, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === 'asked') return undefined;
      if (/decoders[\\/]plan|data[\\/]decode/.test(importer) && wanted.endsWith('/elsewhere')) {
        return { path: path.join(SOURCE, 'src', 'here.ts') };
      }
      const found = await build.resolve(wanted, { importer, resolveDir, kind, pluginData: 'asked' });
      if (found.errors.length > 0) return { errors: found.errors };
      const ours = found.path.startsWith(path.join(root, 'lib') + path.sep);
      // These set sharp up.
      return { path: found.path, sideEffects: !ours || /[\\/]data[\\/]decode\.ts$/.test(found.path) };
    });
  },
};

/** What the browser lacks is left out where nothing uses it; what does use it is an error, by the names that are missing. */
const NO_NODE = {
  name: 'no-node',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path: name }) => ({
      path: name,
      namespace: 'no-node',
      sideEffects: false,
    }));
    build.onLoad({ filter: /.*/, namespace: 'no-node' }, () => ({ contents: 'export default undefined;' }));
    build.onEnd(({ metafile }) => {
      const [{ inputs } = { inputs: {} }] = Object.values(metafile?.outputs ?? {});
      const used = Object.keys(inputs).filter((name) => name.startsWith('no-node:') && inputs[name].bytesInOutput > 0);
      return { errors: used.map((name) => ({ text: `the bundle for browsers uses ${name}` })) };
    });
  },
};

async function bundle(entry, outfile, options) {
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [path.join(SOURCE, 'src', entry)],
    outfile,
    bundle: true,
    minify: true,
    // Names of classes, which errors show.
    keepNames: true,
    metafile: true,
    external: EXTERNAL,
    legalComments: 'none',
    charset: 'ascii',
    logLevel: 'warning',
    plugins: [SOURCES],
    banner: { js: '/*! resnet-ft (MIT); parts of other packages: NOTICES.txt beside this file. */' },
    ...options,
  });
  return Object.keys(metafile.inputs).flatMap((file) => {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1];
    return name === undefined ? [] : [name];
  });
}

function notices(names) {
  return [...new Set(names)].sort().map((name) => {
    const part = PARTS[name];
    if (part === undefined) throw new Error(`the bundle holds ${name}, whose licence is not known here`);
    const folder = path.join(root, 'node_modules', name);
    const { version } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const text = fs.readFileSync(path.join(folder, part.file), 'utf8').trim();
    return `${name} ${version} (${part.licence})\n${'='.repeat(60)}\n\n${text}\n`;
  });
}

async function makeFolder(target) {
  const manifest = JSON.parse(fs.readFileSync(path.join(SOURCE, 'package.json'), 'utf8'));
  // Only in what is published.
  delete manifest.private;
  Object.assign(manifest, provenanceFields('packages/runtime'));
  manifest.version = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).version;
  fs.mkdirSync(target, { recursive: true });
  fs.writeFileSync(path.join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  fs.copyFileSync(path.join(SOURCE, 'README.md'), path.join(target, 'README.md'));
  fs.copyFileSync(path.join(root, 'LICENSE'), path.join(target, 'LICENSE'));
  for (const name of ['index.d.ts', 'index.d.mts']) {
    fs.copyFileSync(path.join(SOURCE, 'src', 'api.d.ts'), path.join(target, name));
  }
  const inNode = await bundle('node.ts', path.join(target, 'node.cjs'), {
    platform: 'node',
    target: 'node20.19',
    format: 'cjs',
  });
  // One module, so that both kinds of import have the same class of errors.
  fs.writeFileSync(
    path.join(target, 'node.mjs'),
    "import runtime from './node.cjs';\n\nexport const { loadModel, RuntimeError } = runtime;\n",
  );
  const inBrowser = await bundle('browser.ts', path.join(target, 'browser.mjs'), {
    platform: 'browser',
    // Regular expressions with the flag v.
    target: ['chrome112', 'firefox116', 'safari17'],
    format: 'esm',
    plugins: [SOURCES, NO_NODE],
    inject: [path.join(SOURCE, 'src', 'browser-globals.ts')],
  });
  fs.writeFileSync(path.join(target, 'NOTICES.txt'), notices([...inNode, ...inBrowser]).join('\n\n'));
}

async function main() {
  const { values } = parseArgs({
    options: { out: { type: 'string', default: '.' }, folder: { type: 'boolean', default: false } },
  });
  return [await makePackage(values, makeFolder)];
}

void runScript('pack-runtime', main);
