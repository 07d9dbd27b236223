import fs from 'node:fs';
import path from 'node:path';
import { isMissing, reasonOf } from '../files/reason';
import { versionMisfit } from './compatibility';

/** A LibTorch folder that fits. */
export interface LibtorchFolder {
  path: string;
  version: string;
  /** The shared libraries to open, in this order. */
  libraries: string[];
}

/** File name of a shared library on this platform. */
export function libraryName(name: string): string {
  if (process.platform === 'win32') return `${name}.dll`;
  return process.platform === 'darwin' ? `lib${name}.dylib` : `lib${name}.so`;
}

function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file).toString(); // as 'utf8' it would abort where closing the file fails
  } catch {
    return undefined;
  }
}

/** Version of the LibTorch in a folder: `version.py` of a wheel, or `build-version` of a zip. */
function readVersion(folder: string): string | undefined {
  const python = readText(path.join(folder, 'version.py'))?.match(/^__version__\s*=\s*['"]([^'"]+)['"]/m)?.[1];
  return python ?? (readText(path.join(folder, 'build-version'))?.trim() || undefined);
}

/** The libraries to open, in order, or the name of the first that is missing. */
function listLibraries(lib: string): { libraries: string[] } | { missing: string } {
  const libraries: string[] = [];
  const add = (name: string, required: boolean): boolean => {
    const file = path.join(lib, libraryName(name));
    if (fs.existsSync(file)) libraries.push(file);
    return !required || libraries.includes(file);
  };
  // LibTorch's own OpenMP goes first, so that no other copy is taken for it.
  let entries: string[] = [];
  try {
    entries = fs.readdirSync(lib);
  } catch {
    // The missing libraries below say it.
  }
  const openmp = entries.filter((name) => /^libgomp.*\.so\.1$/.test(name)).sort();
  libraries.push(...openmp.map((name) => path.join(lib, name)));

  // A library must be opened after those that it needs.
  for (const [name, required] of [
    ['c10', true],
    ['torch_cpu', true],
    ['c10_cuda', false],
    ['torch_cuda', false],
    // An empty library that opens the others; nothing needs it.
    ['torch', false],
  ] as const) {
    if (!add(name, required)) return { missing: libraryName(name) };
  }
  return { libraries };
}

/** What a LibTorch is wanted for. */
export interface Purpose {
  /** Compiling the addon, which needs the C++ headers. */
  requireHeaders?: boolean;
  /** An addon that was compiled against this version. */
  compiledAgainst?: string | undefined;
}

/** Says whether a folder holds a LibTorch that fits, and if not, why. Opens no library. */
export function inspectLibtorch(folder: string, options: Purpose = {}): LibtorchFolder | { reason: string } {
  try {
    fs.statSync(folder);
  } catch (error) {
    const gone = isMissing(error);
    return { reason: gone ? 'there is no such folder' : `it cannot be read: ${reasonOf(error)}` };
  }
  const version = readVersion(folder);
  if (version === undefined) return { reason: 'neither version.py nor build-version names a version' };
  const misfit = versionMisfit(version, options.compiledAgainst);
  if (misfit !== undefined) return { reason: misfit };
  const found = listLibraries(path.join(folder, 'lib'));
  if ('missing' in found) return { reason: `lib/${found.missing} is missing` };
  const header = path.join('include', 'torch', 'csrc', 'api', 'include', 'torch', 'torch.h');
  if (options.requireHeaders && !fs.existsSync(path.join(folder, header))) {
    return { reason: 'the C++ headers (include/) are missing' };
  }
  return { path: folder, version, libraries: found.libraries };
}

/** Whether an addon could be compiled against the LibTorch in a folder, whether or not the one at hand fits. */
export function canBeBuiltFor(folder: string): boolean {
  return !('reason' in inspectLibtorch(folder, { requireHeaders: true }));
}

/** What needs CUDA; libtorch is empty, and opens libtorch_cuda. */
const CUDA_LIBRARIES = ['c10_cuda', 'torch_cuda', 'torch'].map(libraryName);

/** The libraries that compute on the CPU, which are all of a CPU build but the empty one, in the order to open them. */
export function cpuLibraries({ libraries }: LibtorchFolder): string[] {
  return libraries.filter((library) => !CUDA_LIBRARIES.includes(path.basename(library)));
}

/** The others, to be opened after those. */
export function cudaLibraries({ libraries }: LibtorchFolder): string[] {
  return libraries.filter((library) => CUDA_LIBRARIES.includes(path.basename(library)));
}

/** Whether a folder holds a LibTorch with CUDA libraries. */
export function isCudaBuild(inspected: LibtorchFolder | { reason: string }): boolean {
  const cuda = libraryName('torch_cuda');
  return 'libraries' in inspected && inspected.libraries.some((library) => path.basename(library) === cuda);
}
