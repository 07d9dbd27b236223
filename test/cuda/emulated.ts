import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from '../cli/run';

// Our CUDA kernels, compiled for the CPU (emulation.h) by the compiler that builds the addon.

const HERE = path.join(ROOT, 'test', 'cuda');
// The emulation comes before everything, as what CUDA C++ itself has.
const FLAGS = ['-std=c++20', '-O1', '-Wall', '-Wextra', '-Wno-unknown-pragmas'];
FLAGS.push('-I', path.join(ROOT, 'native'), '-include', path.join(HERE, 'emulation.h'));

/** Why there is nothing to test with; undefined where there is. */
export function reasonWithout(): string | undefined {
  if (process.platform !== 'linux') return 'the emulation is for Linux';
  return spawnSync('g++', ['--version']).status === 0 ? undefined : 'there is no g++';
}

/** A block of tests that is skipped where there is a reason, which its name then has. */
export function describeUnless(reason: string | undefined, name: string, body: () => void): void {
  if (reason === undefined) describe(name, body);
  else describe.skip(`${name} (${reason})`, body);
}

/** Compiles a file of test/cuda; throws with what the compiler says. */
function compile(source: string, output: string, flags: readonly string[]): string {
  const args = [...FLAGS, ...flags, path.join(HERE, source), '-o', output];
  const { status, stderr } = spawnSync('g++', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return output;
}

export interface Emulation {
  /** A copy of the library of fake_cuda.cpp, which behaves as it is called; each has its own kernels, compiled and checked anew. */
  library(behaviour?: string): string;
  close(): void;
}

/** With `nvrtc`, a real library of that name, kernels are also compiled by it, though those of the CPU run. */
export function emulate(nvrtc?: string): Emulation {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fake-cuda-'));
  // What is undefined ends the process, as it would the kernel of a GPU.
  const checks = ['-fsanitize=undefined', '-fsanitize-undefined-trap-on-error'];
  const plain = compile('fake_cuda.cpp', path.join(folder, 'plain.so'), [
    '-shared',
    '-fPIC',
    '-fno-gnu-unique',
    ...checks,
    ...(nvrtc
      ? ['-DREAL_NVRTC', '-Wl,--no-as-needed', nvrtc, '-Wl,--disable-new-dtags', `-Wl,-rpath,${path.dirname(nvrtc)}`]
      : []),
  ]);
  return {
    library(behaviour = 'plain') {
      const copy = path.join(folder, `${behaviour}.so`);
      if (!fs.existsSync(copy)) fs.copyFileSync(plain, copy);
      return copy;
    },
    close: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}

/** Compiles a program of test/cuda with AddressSanitizer, runs it, and returns what it prints. */
export function runChecked(source: string): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fake-cuda-'));
  try {
    const program = compile(source, path.join(folder, 'program'), ['-g', '-fsanitize=address,undefined']);
    const { status, stdout, stderr } = spawnSync(program, [], {
      encoding: 'utf8',
      env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'halt_on_error=1' },
    });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
