/** What a Linux binary asks of the system that it runs on, read with binutils' objdump. */
'use strict';

const { execFileSync } = require('node:child_process');

/** The highest symbol versions that may be asked for: those of LibTorch 2.13's own libraries, and of Node.js 20's for glibc. */
const FLOORS = { GLIBC: '2.28', GLIBCXX: '3.4.22', CXXABI: '1.3.11', GCC: '3.4' };

const objdump = (option, file) => execFileSync('objdump', [option, file], { encoding: 'utf8', maxBuffer: 2 ** 26 });

function compare(a, b) {
  const [x, y] = [a, b].map((text) => text.split('.').map(Number));
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    if ((x[i] ?? 0) !== (y[i] ?? 0)) return (x[i] ?? 0) - (y[i] ?? 0);
  }
  return 0;
}

/** The highest version of each library's symbols that a file asks for: `{ GLIBC: '2.14', ... }`. */
function requirements(file) {
  const highest = {};
  for (const [, name, version] of objdump('-T', file).matchAll(/\b(GLIBC|GLIBCXX|CXXABI|GCC)_([\d.]+)\b/g)) {
    if (highest[name] === undefined || compare(version, highest[name]) > 0) highest[name] = version;
  }
  return highest;
}

/** Throws where a file asks for a newer runtime than FLOORS, carries a search path, needs the library that opens CUDA, or was not stripped. */
function checkRuntime(file) {
  for (const [name, version] of Object.entries(requirements(file))) {
    if (compare(version, FLOORS[name]) > 0) {
      throw new Error(`${file} asks for ${name}_${version}, and the floor is ${FLOORS[name]} (docs/packaging.md)`);
    }
  }
  const dynamic = objdump('-p', file);
  // It opens the CUDA libraries, which are left closed where no GPU is used.
  if (/^\s*NEEDED\s+libtorch\.so$/m.test(dynamic)) throw new Error(`${file} needs libtorch.so`);
  const path = /^\s*(RPATH|RUNPATH)\s+(.*)$/m.exec(dynamic);
  if (path !== null) throw new Error(`${file} has the search path ${path[2]}`);
  if (/^SYMBOL TABLE:\n(?!no symbols)/m.test(objdump('-t', file))) throw new Error(`${file} is not stripped`);
}

module.exports = { FLOORS, checkRuntime, requirements };
