import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { PYTHON_NAMES } from '../lib/libtorch/python';

/** The version of Pillow that images are decoded and resized like. */
export const PILLOW = '13.0.0';

/** A Python that can import this Pillow. */
export interface PythonPillow {
  /** Runs a script's file and returns what it prints. Throws with its stderr where it fails. */
  run(script: string, args?: readonly string[]): string;
}

/**
 * Tests that need Pillow; where there is none they are reported as skipped. Where `RESNET_FT_REQUIRE_PYTHON_TORCH` is set they
 * fail instead.
 */
export function describeWithPillow(name: string, tests: (pillow: PythonPillow) => void): void {
  const python = pythons().find(
    (one) => spawnSync(one, ['-c', 'import PIL; print(PIL.__version__)']).stdout?.toString().trim() === PILLOW,
  );
  if (python !== undefined) describe(name, () => tests({ run: (script, args) => run(python, script, args) }));
  else if (process.env['RESNET_FT_REQUIRE_PYTHON_TORCH']) throw new Error(`no Python with Pillow ${PILLOW}`);
  else describe.skip(`${name} (no Python with Pillow ${PILLOW})`, () => tests({ run: () => '{}' }));
}

function pythons(): string[] {
  const own = path.join(__dirname, '..', '.venv-tools', 'bin', 'python');
  return [...(existsSync(own) ? [own] : []), ...PYTHON_NAMES];
}

function run(python: string, script: string, args: readonly string[] = []): string {
  const result = spawnSync(python, ['-W', 'ignore', script, ...args], {
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 2 ** 26,
  });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(result.stderr || `${python} ended with exit code ${result.status}`);
  return result.stdout;
}
