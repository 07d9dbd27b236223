import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PYTHON_NAMES, runPython } from '../lib/libtorch/python';
import { cachePath } from '../lib/machine/cache';

// TensorBoard's own reader, without what only its server needs: installed once, into the package's cache, some 100 MB on the disk.
const PACKAGES = ['tensorboard==2.21.0', 'protobuf', 'numpy', 'absl-py', 'packaging'];
const VERSION = 'import sys; print(sys.version_info[0], sys.version_info[1], sep=".")';

/** A curve by its name: steps and values. */
export type Curves = Record<string, [step: number, value: number][]>;

const READ = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0})
events.Reload()
print(json.dumps({tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()['scalars']}))
`;

type Read = (folder: string) => Curves;

/** Tests that need TensorBoard; where it can't be had they are reported as skipped, with the reason in their name. */
export function describeWithTensorBoard(name: string, tests: (read: Read) => void): void {
  const found = find();
  if (typeof found === 'function') describe(name, () => tests(found));
  else describe.skip(`${name} (no TensorBoard: ${found.reason})`, () => tests(() => ({})));
}

function find(): Read | { reason: string } {
  const reasons: string[] = [];
  for (const python of PYTHON_NAMES) {
    const version = runPython(python, VERSION);
    if (version === undefined) continue;
    const packages = installed(python, version);
    if (typeof packages === 'string') return (folder) => JSON.parse(runWith(python, packages, folder)) as Curves;
    reasons.push(packages.reason);
  }
  return { reason: reasons.join('; ') || 'no Python on the PATH' };
}

function runWith(python: string, packages: string, folder: string): string {
  const ran = spawnSync(python, ['-c', READ, folder], {
    encoding: 'utf8',
    timeout: 120_000,
    cwd: os.tmpdir(),
    env: { ...process.env, PYTHONPATH: packages },
  });
  if (ran.status !== 0) throw new Error(ran.stderr || `${python} ended with exit code ${ran.status}`);
  return ran.stdout;
}

function installed(python: string, version: string): string | { reason: string } {
  const target = cachePath('test-python', `tensorboard-${version}`);
  if (existsSync(path.join(target, 'tensorboard'))) return target;
  mkdirSync(path.dirname(target), { recursive: true });
  const temporary = mkdtempSync(path.join(path.dirname(target), '.install-'));
  try {
    const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-input', '--target', temporary, ...PACKAGES];
    const pip = spawnSync(python, args, { encoding: 'utf8', timeout: 180_000, env: { ...process.env, PIP_USER: '0' } });
    if (pip.status !== 0) return { reason: `pip can't install it: ${pip.stderr?.trim().split('\n').at(-1) ?? ''}` };
    try {
      renameSync(temporary, target);
    } catch (error) {
      // Another worker was faster.
      if (!existsSync(path.join(target, 'tensorboard'))) throw error;
    }
    return target;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
