#!/usr/bin/env node
/**
 * Whether the CUDA libraries of a LibTorch export what the native code looks up in them by name when it runs, for which no compiler
 * vouches: node scripts/cuda-symbols.js LIBTORCH...
 */
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const CORE = path.join(__dirname, '..', 'native', 'core');

/** The mangled names in the sources of the core, each with the file that looks it up. */
function wantedNames() {
  const names = new Map();
  for (const file of fs.readdirSync(CORE, { recursive: true })) {
    if (!/\.(cpp|h)$/.test(file)) continue;
    const text = fs.readFileSync(path.join(CORE, file), 'utf8');
    for (const [, name] of text.matchAll(/"(_ZN\w+)"/g)) names.set(name, file);
  }
  return names;
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

const folders = process.argv.slice(2);
if (folders.length === 0) {
  process.stderr.write('usage: node scripts/cuda-symbols.js LIBTORCH...\n');
  process.exit(2);
}
for (const folder of folders) {
  const exported = exportedNames(folder);
  const missing = [...wantedNames()].filter(([name]) => !exported.has(name));
  for (const [name, file] of missing)
    process.stdout.write(`${folder}: no ${name}, which native/core/${file} looks up\n`);
  if (missing.length > 0) process.exitCode = 1;
  else process.stdout.write(`${folder}: all ${wantedNames().size} names are there\n`);
}
