import { spawn } from 'node:child_process';
import path from 'node:path';
import { aborted, ResnetFtError } from '../errors';
import { PYTHON_NAMES, runPython } from './python';

/** The message of an abort. */
export const INSTALLATION_STOPPED = 'The installation of LibTorch was stopped';

const CHECK = `
import sys
sys.path = [p for p in sys.path if p]
import importlib.util
print(sys.version_info[0], sys.version_info[1], 1 if importlib.util.find_spec('pip') else 0)
`;

/** A Python with pip that LibTorch's wheels can be installed with. */
export function findPip(): string {
  const tried: string[] = [];
  for (const name of PYTHON_NAMES) {
    const output = runPython(name, CHECK);
    if (output === undefined) {
      tried.push(`${name} does not run`);
      continue;
    }
    const [major = 0, minor = 0, pip = 0] = output.split(/\s+/).map(Number);
    if (major !== 3 || minor < 10) tried.push(`${name} is ${major}.${minor}`);
    else if (pip !== 1) tried.push(`${name} has no pip`);
    else return name;
  }
  throw new ResnetFtError(
    'LIBTORCH_INSTALL_FAILED',
    `no Python 3.10 or later with pip on the PATH (${tried.join(', ')})`,
    {
      hint: 'Install Python 3.10 or later with pip, or set LIBTORCH to an unpacked LibTorch.',
    },
  );
}

/**
 * Runs `pip install --no-deps` into a folder. pip's own output goes to stderr, for stdout belongs to the program.
 *
 * @param index address of an index, which goes before pip's configured one
 * @returns undefined where it worked, else what went wrong.
 */
export function pipInstall(
  python: string,
  target: string,
  { requirement, index }: { requirement: string; index?: string },
  signal?: AbortSignal,
): Promise<string | undefined> {
  const args = ['-m', 'pip', 'install', '--no-deps', '--no-input', '--no-compile', '--only-binary=:all:'];
  // One that is named beside pip's own may be out of reach: the next attempt is made soon.
  if (index !== undefined) args.push('--timeout', '15', '--retries', '1');
  args.push('--disable-pip-version-check', '--target', target, requirement);
  return new Promise((resolve, reject) => {
    const child = spawn(python, args, {
      stdio: ['ignore', 2, 2],
      // `-m` looks into the working directory first: a folder named pip in somebody's data set would be run.
      cwd: path.dirname(target),
      // pip refuses --target beside a configured --user, and to run outside of virtual environments where it is told to guard the others, which
      // --target does not touch. An address may have a login, and arguments are there for every user to see.
      env: {
        ...process.env,
        PIP_USER: '0',
        PIP_REQUIRE_VIRTUALENV: '0',
        ...(index === undefined ? {} : { PIP_INDEX_URL: index }),
      },
      windowsHide: true,
      ...(signal ? { signal } : {}),
    });
    let failure: Error | undefined;
    // An abort is reported here before the process has ended: only 'close' says that it writes no more.
    child.on('error', (error) => {
      failure = error;
      if (child.pid === undefined) resolve(error.message);
    });
    child.on('close', (code, killedBy) => {
      if (signal?.aborted) reject(aborted(signal, INSTALLATION_STOPPED));
      else if (failure) resolve(failure.message);
      else if (code === 0) resolve(undefined);
      else resolve(killedBy ? `pip was ended by ${killedBy}` : `pip ended with exit code ${code}`);
    });
  });
}
