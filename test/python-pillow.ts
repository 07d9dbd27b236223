import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { PYTHON_NAMES, runPython } from '../lib/libtorch/python';
import { ROOT } from './cli/run';

/** The release of Pillow whose pixels ours are: that of scripts/requirements-dev.txt. */
export const FOLLOWED_PILLOW = '13.0.0';

const OPTIONS = { encoding: 'utf8', timeout: 240_000, maxBuffer: 64 * 1024 ** 2 } as const;

/** A Python that can import Pillow. */
export interface PythonPillow {
  version: string;
  /** Runs a script with `sys.argv[1:]` as given; returns what it prints, and throws with its stderr where it fails. */
  run(script: string, args: readonly string[]): string;
}

/**
 * Tests that need Pillow: that of `.venv-tools`, as .ci/run installs it, or of a Python on the PATH; where there is none they are
 * reported as skipped. Where `RESNET_FT_REQUIRE_PYTHON_TORCH` is set they fail instead.
 */
export function describeWithPillow(name: string, tests: (pillow: PythonPillow) => void): void {
  const pillow = find();
  if (pillow) describe(name, () => tests(pillow));
  else if (process.env['RESNET_FT_REQUIRE_PYTHON_TORCH']) throw new Error('no Python has Pillow');
  else {
    describe.skip(`${name} (no Python has Pillow: pip install -r scripts/requirements-dev.txt)`, () =>
      tests({ version: '', run: () => '' }));
  }
}

function find(): PythonPillow | undefined {
  const own = path.join(ROOT, '.venv-tools', process.platform === 'win32' ? 'Scripts' : 'bin', 'python');
  for (const python of [own, ...PYTHON_NAMES]) {
    const version = runPython(python, 'import PIL.Image; print(PIL.__version__)');
    if (version === undefined) continue;
    return {
      version,
      run: (script, args) => {
        const ran = spawnSync(python, ['-W', 'ignore', '-c', script, ...args], OPTIONS);
        if (ran.status !== 0) throw new Error(ran.stderr || `${python} ended with exit code ${ran.status}`);
        return ran.stdout;
      },
    };
  }
  return undefined;
}
