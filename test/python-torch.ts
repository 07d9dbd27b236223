import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cachePath } from '../lib/machine/cache';
import { findLibtorch } from '../lib/libtorch/find';
import { PYTHON_NAMES, runPython } from '../lib/libtorch/python';

/** A Python that can import the torch whose LibTorch the package uses. */
export interface PythonTorch {
  /** Runs a script, with `sys.argv[1:]` as given, and returns what it prints. Throws with its stderr where it fails. */
  run(script: string, args?: readonly string[]): string;
}

// `resnet-ft libtorch install` keeps the wheel's folder torch alone. Importing it needs typing_extensions, which is installed
// once beside it for the tests, and torchgen, a code generator that the wheel has in another folder: importing torch only takes
// names out of it, for which stand-ins are enough. Saving, loading and computing are torch's own.
const PRELUDE = `
import importlib.util, sys, types, warnings
warnings.filterwarnings('ignore')
if importlib.util.find_spec('torchgen') is None:
    def stand_in(name):
        module = types.ModuleType(name)
        module.__path__ = []
        def attribute(wanted):
            if wanted.startswith('__'):
                raise AttributeError(wanted)
            return type(wanted, (), {})
        module.__getattr__ = attribute
        sys.modules[name] = module
        return module
    root = stand_in('torchgen')
    for part in ('model', 'utils'):
        setattr(root, part, stand_in('torchgen.' + part))
import torch
`;

const VERSION = 'import sys; print(sys.version_info[0], sys.version_info[1], sep=".")';

let found: { torch: PythonTorch } | { reason: string } | undefined;

/** The torch to test against; undefined where there is none, and {@link pythonTorchReason} says why. */
function pythonTorch(): PythonTorch | undefined {
  found ??= find();
  return 'torch' in found ? found.torch : undefined;
}

/** Why {@link pythonTorch} is undefined. */
function pythonTorchReason(): string {
  found ??= find();
  return 'reason' in found ? found.reason : '';
}

/**
 * Tests that need torch; where there is none they are reported as skipped, with the reason in their name. Where
 * `RESNET_FT_REQUIRE_PYTHON_TORCH` is set they fail instead.
 */
export function describeWithTorch(name: string, tests: (torch: PythonTorch) => void): void {
  const torch = pythonTorch();
  if (torch) describe(name, () => tests(torch));
  else if (process.env['RESNET_FT_REQUIRE_PYTHON_TORCH']) throw new Error(`no Python torch: ${pythonTorchReason()}`);
  else describe.skip(`${name} (no Python torch: ${pythonTorchReason()})`, () => tests({ run: () => '' }));
}

function find(): { torch: PythonTorch } | { reason: string } {
  let folder: string;
  try {
    folder = findLibtorch().path;
  } catch (error) {
    return { reason: (error as Error).message };
  }
  if (!existsSync(path.join(folder, '__init__.py'))) return { reason: `${folder} is not a Python package` };
  const packages = path.dirname(folder);
  const reasons: string[] = [];
  for (const python of pythons(packages)) {
    const version = runPython(python, VERSION);
    if (version === undefined) continue;
    const extra = dependencies(python, version);
    if (typeof extra !== 'string') {
      reasons.push(extra.reason);
      continue;
    }
    const run = runner(python, [packages, extra]);
    try {
      run('print(torch.__version__)');
      return { torch: { run } };
    } catch (error) {
      reasons.push(`${python}: ${(error as Error).message.trim().split('\n').at(-1)}`);
    }
  }
  return { reason: reasons.join('; ') || 'no Python on the PATH' };
}

/** The Python of the virtual environment that `packages` belongs to, then those on the PATH. */
function pythons(packages: string): string[] {
  const own = path.resolve(packages, '..', '..', '..', 'bin', 'python');
  return [...(existsSync(own) ? [own] : []), ...PYTHON_NAMES];
}

/** A folder with typing_extensions for this Python, in the package's cache; installed where it is not there yet. */
function dependencies(python: string, version: string): string | { reason: string } {
  const target = cachePath('test-python', version);
  if (existsSync(path.join(target, 'typing_extensions.py'))) return target;
  mkdirSync(path.dirname(target), { recursive: true });
  const temporary = mkdtempSync(path.join(path.dirname(target), '.install-'));
  try {
    const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-input', '--target', temporary];
    const pip = spawnSync(python, [...args, 'typing_extensions'], {
      encoding: 'utf8',
      timeout: 120_000,
      env: { ...process.env, PIP_USER: '0' },
    });
    if (pip.status !== 0) return { reason: `pip can't install typing_extensions: ${lastLine(pip.stderr)}` };
    try {
      renameSync(temporary, target);
    } catch (error) {
      // Another worker was faster.
      if (!existsSync(path.join(target, 'typing_extensions.py'))) throw error;
    }
    return target;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function runner(python: string, packages: string[]): PythonTorch['run'] {
  return (script, args = []) => {
    const inherited = process.env['PYTHONPATH'];
    const searched = [...packages, ...(inherited ? [inherited] : [])].join(path.delimiter);
    const result = spawnSync(python, ['-c', `${PRELUDE}${script}`, ...args], {
      encoding: 'utf8',
      timeout: 120_000,
      maxBuffer: 64 * 1024 * 1024,
      cwd: os.tmpdir(),
      env: { ...process.env, PYTHONPATH: searched, OMP_NUM_THREADS: '1' },
    });
    if (result.error) throw result.error;
    if (result.status !== 0) throw new Error(result.stderr || `${python} ended with exit code ${result.status}`);
    return result.stdout;
  };
}

function lastLine(text: string | null): string {
  return text?.trim().split('\n').at(-1) ?? 'it does not run';
}
