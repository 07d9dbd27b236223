import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ResnetFtError, throwIfAborted } from '../../errors';
import { packageRoot } from '../../machine/root';
import { installHint } from '../install-command';

const STOPPED = 'The build of the addon was stopped';

/** The packages that only a build from source needs; an installation does not bring them. */
const BUILD_PACKAGES = ['cmake-js', 'node-addon-api', 'node-api-headers'];

/** Those of them that this package does not find. */
function missingPackages(root: string): string[] {
  const { resolve } = createRequire(path.join(root, 'package.json'));
  return BUILD_PACKAGES.filter((name) => {
    try {
      resolve(`${name}/package.json`);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    }
  });
}

/**
 * Runs the script that compiles.
 *
 * @param signal stops it, and with it CMake and the compilers, whose output nobody would take any more
 * @returns its exit code
 */
function runScript(root: string, signal?: AbortSignal): Promise<number | null> {
  // In its own process group on POSIX, which can be ended whole. A terminal's Ctrl-C does not reach it there, but the signal does.
  const group = process.platform !== 'win32';
  const child = spawn(process.execPath, [path.join(root, 'scripts', 'build-native.js')], {
    ...{ cwd: root, stdio: ['ignore', 2, 2], detached: group },
  });
  const stop = (): void => {
    try {
      // Not SIGKILL: ninja gives each compiler a group of its own, and ends it when it is asked to end.
      if (group && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
      else child.kill();
    } catch {
      // It has ended meanwhile.
    }
  };
  signal?.addEventListener('abort', stop, { once: true });
  return new Promise<number | null>((done, reject) => {
    child.on('error', reject);
    child.on('close', done);
  }).finally(() => signal?.removeEventListener('abort', stop));
}

/**
 * Compiles the addon from the package's sources into its `build/Release`, which goes before a prebuilt one. What was there stays as it was
 * until all is compiled. The compiler's output goes to standard error.
 *
 * @returns the loader that Node.js opens.
 * @throws ResnetFtError ADDON_BUILD_FAILED naming what is missing, or ABORTED.
 */
export async function buildAddon(signal?: AbortSignal): Promise<string> {
  const root = packageRoot();
  const missing = missingPackages(root);
  if (missing.length > 0) {
    throw new ResnetFtError('ADDON_BUILD_FAILED', `building the addon needs ${missing.join(', ')}`, {
      hint: installHint(missing, true),
    });
  }
  throwIfAborted(signal, STOPPED);
  const code = await runScript(root, signal);
  throwIfAborted(signal, STOPPED);
  if (code !== 0) {
    throw new ResnetFtError('ADDON_BUILD_FAILED', `the addon in ${root} was not built; the reason is above`, {
      hint: 'It needs CMake 3.18, a C++20 compiler, and a LibTorch with headers (npx resnet-ft libtorch install).',
    });
  }
  const built = path.join(root, 'build', 'Release', 'resnet_ft.node');
  if (!fs.existsSync(built)) throw new ResnetFtError('ADDON_BUILD_FAILED', `${built} is missing after the build`);
  return built;
}
