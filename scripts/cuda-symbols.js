#!/usr/bin/env node
/**
 * Whether the CUDA libraries of a LibTorch export what the native code looks up in them by name when it runs, for which no compiler
 * vouches: node scripts/cuda-symbols.js LIBTORCH...
 *
 * With --library FILE, whether they have all that a library of ours needs of them, which without a driver can't be opened:
 * node scripts/cuda-symbols.js --library build/c10d-2.14/Release/libresnet_ft_c10d_cuda-2.14.so LIBTORCH
 */
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const CORE = path.join(__dirname, '..', 'native', 'core');

/** The mangled names in the sources of the core, each with the file that looks it up. */
function wantedNames() {
  const names = new Map();
  for (const file of fs.readdirSync(CORE, { recursive: true })) {
    if (!/\.(cpp|h)$/.test(file)) continue;
    const text = fs.readFileSync(path.join(CORE, file), 'utf8');
    for (const [, name] of text.matchAll(/"(_ZN\w+)"/g)) names.set(name, path.join('native', 'core', file));
  }
  return names;
}

/** The names that a library asks of others, and that are LibTorch's; NCCL is in one of its libraries or beside it, and CUDA beside it. */
function neededNames(file) {
  const listed = execFileSync('nm', ['-D', '--undefined-only', file], { maxBuffer: 2 ** 26, encoding: 'utf8' });
  const names = listed.split('\n').filter((line) => / U /.test(line));
  // c10, c10d, at and torch, also of functions of their classes and what belongs to these: tables, types, guards.
  return names.map((line) => line.split(' ').at(-1)).filter((name) => /^_Z\w*?(3c10|4c10d|2at|5torch)/.test(name));
}

/** The names that the shared libraries of a LibTorch define. */
function exportedNames(libtorch) {
  const folder = path.join(libtorch, 'lib');
  const libraries = ['libtorch_cuda.so', 'libc10_cuda.so', 'libtorch_cpu.so', 'libc10.so'];
  const names = new Set();
  for (const library of libraries) {
    const listed = execFileSync('nm', ['-D', '--defined-only', path.join(folder, library)], { maxBuffer: 2 ** 30 });
    for (const line of listed.toString().split('\n')) names.add(line.split(' ').at(-1));
  }
  return names;
}

const { values, positionals: folders } = parseArgs({
  options: { library: { type: 'string' } },
  allowPositionals: true,
});
if (folders.length === 0) {
  process.stderr.write('usage: node scripts/cuda-symbols.js [--library FILE] LIBTORCH...\n');
  process.exit(2);
}
const wanted =
  values.library === undefined
    ? wantedNames()
    : new Map(neededNames(values.library).map((name) => [name, values.library]));
for (const folder of folders) {
  const exported = exportedNames(folder);
  const missing = [...wanted].filter(([name]) => !exported.has(name));
  for (const [name, file] of missing) process.stdout.write(`${folder}: no ${name}, which ${file} looks up\n`);
  if (missing.length > 0) process.exitCode = 1;
  else process.stdout.write(`${folder}: all ${wanted.size} names are there\n`);
}
