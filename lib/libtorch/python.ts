import { spawnSync } from 'node:child_process';
import path from 'node:path';

// The entry '' is dropped so that a folder named torch in the working directory isn't taken for the package.
// find_spec does not import torch, which would take seconds.
const PROBE = `
import sys
sys.path = [p for p in sys.path if p]
import importlib.util
spec = importlib.util.find_spec('torch')
print(spec.origin if spec and spec.origin else '')
`;

/** The Pythons to try, in order. */
export const PYTHON_NAMES = ['python3', 'python'] as const;

/** What a short script prints, trimmed; undefined where that Python does not run or the script fails. */
export function runPython(name: string, script: string): string | undefined {
  const result = spawnSync(name, ['-c', script], {
    encoding: 'utf8',
    timeout: 20_000,
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
    // On Windows Python writes in the system's own encoding otherwise.
    env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
  });
  return result.error || result.status !== 0 ? undefined : result.stdout.trim();
}

/** Folder of the torch package of the first Python on the PATH that has one, or why there is none. */
export function probePython(): { path: string } | { reason: string } {
  let ran = false;
  for (const name of PYTHON_NAMES) {
    const output = runPython(name, PROBE);
    if (output === undefined) continue;
    ran = true;
    if (output) return { path: path.dirname(output) };
  }
  return { reason: ran ? 'the Python on the PATH has no torch' : 'no working python3 or python on the PATH' };
}
