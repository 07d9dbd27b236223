/**
 * Holds the licence of every package that users get with ours against a list of those that suit MIT, and the lists of NOTICE against what
 * there is. Reads package-lock.json only. `npm run lint` runs it.
 *
 *   node scripts/licences.js [--write]     checks, or writes the lists of NOTICE
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { runtimePackages } = require('./runtime-packages.js');

/** Licences that ask for no more than that they and the copyright are told. */
const ALLOWED = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT']);

/** Others, by package, and why they do. */
const EXCEPTIONS = [
  {
    name: /^@img\/sharp-(libvips-[a-z0-9-]+|win32-[a-z0-9]+|wasm32)$/,
    licences: new Set(['LGPL-3.0-or-later']),
    why: 'a library of its own, which sharp loads and whoever uses it may replace',
  },
];

/** What PyTorch's wheel has licences of, by the folders of `licenses/third_party`, and what it links beside them. */
const LIBTORCH_PARTS = [
  ...[
    'FP16',
    'FXdiv',
    'NNPACK',
    'NVTX',
    'VulkanMemoryAllocator',
    'XNNPACK',
    'aiter',
    'benchmark',
    'composable_kernel',
    'cpp-httplib',
  ],
  ...[
    'cpuinfo',
    'cudnn_frontend',
    'cutlass',
    'fbgemm',
    'flash-attention',
    'flatbuffers',
    'fmt',
    'gemmlowp',
    'gloo',
    'googletest',
  ],
  ...[
    'ideep',
    'kineto',
    'llvm-openmp',
    'mimalloc',
    'miniz-3.0.2',
    'mslk',
    'onnx',
    'protobuf',
    'psimd',
    'pthreadpool',
    'pybind11',
  ],
  ...['python-peachpy', 'sleef', 'tensorpipe'],
];

const MARKS = ['--- packages: begin ---', '--- packages: end ---', '--- libtorch: begin ---', '--- libtorch: end ---'];

/** Whether an SPDX expression without parentheses is met: all of those joined by AND, any of those joined by OR. */
function suits(expression, name) {
  const exception = EXCEPTIONS.find((one) => one.name.test(name));
  const allowed = (licence) => ALLOWED.has(licence) || exception?.licences.has(licence) === true;
  return expression.split(' OR ').some((part) => part.split(' AND ').every(allowed));
}

/** One line for each package whose licence does not suit. */
function complaints(packages) {
  return packages
    .filter(({ name, licence, kind }) => kind !== 'own' && !suits(licence, name))
    .map(
      ({ name, version, licence }) =>
        `${name}@${version} has the licence ${licence || 'of nothing that package-lock.json tells'}`,
    );
}

/** The lists as NOTICE has them: packages of one family and licence in one line. */
function lists(packages) {
  const lines = new Set(
    packages
      .filter(({ kind }) => kind !== 'own')
      .map(({ name, licence, kind }) => {
        const family = name.replace(/^(@img\/sharp-libvips|@img\/sharp)-.*/, '$1-*');
        return `  ${family} (${licence})${kind === 'bundled' ? ', of which dist/charts has parts' : ''}`;
      }),
  );
  const parts = [];
  for (const part of LIBTORCH_PARTS) {
    const last = parts.at(-1);
    if (last === undefined || last.length + part.length > 110) parts.push(`  ${part}`);
    else parts[parts.length - 1] = `${last}, ${part}`;
  }
  return { packages: [...lines].join('\n'), libtorch: parts.join(',\n') };
}

/** NOTICE with these lists between its marks. */
function filled(text, { packages, libtorch }) {
  const between = (whole, from, to, content) => {
    const [begin, end] = [whole.indexOf(from), whole.indexOf(to)];
    if (begin < 0 || end < begin) throw new Error(`NOTICE lacks ${from} or ${to}`);
    return `${whole.slice(0, begin + from.length)}\n${content}\n${whole.slice(end)}`;
  };
  return between(between(text, MARKS[0], MARKS[1], packages), MARKS[2], MARKS[3], libtorch);
}

function main() {
  const root = path.resolve(__dirname, '..');
  const packages = runtimePackages(root);
  const wrong = complaints(packages);
  const file = path.join(root, 'NOTICE');
  const text = fs.readFileSync(file, 'utf8');
  const now = filled(text, lists(packages));
  if (process.argv.includes('--write')) fs.writeFileSync(file, now);
  else if (now !== text) wrong.push('NOTICE is not what package-lock.json says; run: node scripts/licences.js --write');
  for (const line of wrong) process.stderr.write(`licences: ${line}\n`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}

module.exports = { complaints, LIBTORCH_PARTS };
if (require.main === module) main();
