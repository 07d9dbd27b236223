/** What a Linux binary asks of the system that it runs on, read with binutils' objdump. */
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');

/** The highest symbol versions that may be asked for: those of LibTorch 2.13's own libraries, and of Node.js 20's for glibc. */
const FLOORS = { GLIBC: '2.28', GLIBCXX: '3.4.22', CXXABI: '1.3.11', GCC: '3.4' };

/** Processors by their numbers in a file's header, as Node.js calls them, and what the prefix of their binutils is elsewhere. */
const MACHINES = {
  62: { arch: 'x64', prefix: 'x86_64-linux-gnu-' },
  183: { arch: 'arm64', prefix: 'aarch64-linux-gnu-' },
};

/** What processor a file is for; an error where it is no ELF file, or for one that is not known here. */
function machineOf(file) {
  const header = Buffer.alloc(20);
  const descriptor = fs.openSync(file, 'r');
  try {
    fs.readSync(descriptor, header, 0, header.length, 0);
  } finally {
    fs.closeSync(descriptor);
  }
  if (header.readUInt32BE(0) !== 0x7f454c46) throw new Error(`${file} is no ELF file`);
  const machine = MACHINES[header.readUInt16LE(18)];
  if (machine === undefined) throw new Error(`${file} is for another processor than x64 and arm64`);
  return machine;
}

function objdump(option, file) {
  const { arch, prefix } = machineOf(file);
  // That of one processor reads no symbols of another's files, and says nothing of it.
  const program = `${arch === process.arch ? '' : prefix}objdump`;
  return execFileSync(program, [option, file], { encoding: 'utf8', maxBuffer: 2 ** 26 });
}

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

/** The libraries that a file names as needed. */
function needed(file) {
  return [...objdump('-p', file).matchAll(/^\s*NEEDED\s+(\S+)$/gm)].map(([, name]) => name);
}

/**
 * Throws where a file is for another processor than `arch`, asks for a newer runtime than FLOORS, carries a search path, needs the library that
 * opens CUDA, or was not stripped.
 */
function checkRuntime(file, arch = process.arch) {
  const machine = machineOf(file).arch;
  if (machine !== arch) throw new Error(`${file} is for ${machine}, not for ${arch}`);
  for (const [name, version] of Object.entries(requirements(file))) {
    if (compare(version, FLOORS[name]) > 0) {
      throw new Error(`${file} asks for ${name}_${version}, and the floor is ${FLOORS[name]} (docs/packaging.md)`);
    }
  }
  // It opens the CUDA libraries, which are left closed where no GPU is used.
  if (needed(file).includes('libtorch.so')) throw new Error(`${file} needs libtorch.so`);
  const path = /^\s*(RPATH|RUNPATH)\s+(.*)$/m.exec(objdump('-p', file));
  if (path !== null) throw new Error(`${file} has the search path ${path[2]}`);
  if (/^SYMBOL TABLE:\n(?!no symbols)/m.test(objdump('-t', file))) throw new Error(`${file} is not stripped`);
}

module.exports = { FLOORS, checkRuntime, machineOf, needed, requirements };
