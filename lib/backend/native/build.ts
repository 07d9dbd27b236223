import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ResnetFtError, throwIfAborted } from '../../errors';
import { packageRoot } from '../../machine/root';

/** The packages that only a build from source needs; an installation does not bring them. */
const BUILD_PACKAGES = ['cmake-js', 'node-addon-api', 'node-api-headers'];

/**
 * Compiles the addon from the package's sources into its `build/Release`, which goes before a prebuilt one. The compiler's
 * output goes to standard error.
 *
 * @returns the loader that Node.js opens.
 * @throws ResnetFtError ADDON_BUILD_FAILED naming what is missing, or ABORTED.
 */
export async function buildAddon(signal?: AbortSignal): Promise<string> {
  const root = packageRoot();
  const { resolve } = createRequire(path.join(root, 'package.json'));
  const missing = BUILD_PACKAGES.filter((name) => {
    try {
      resolve(`${name}/package.json`);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    }
  });
  if (missing.length > 0) {
    throw new ResnetFtError('ADDON_BUILD_FAILED', `building the addon needs ${missing.join(', ')}`, {
      hint: `Run: npm install --save-dev ${missing.join(' ')}`,
    });
  }
  const script = path.join(root, 'scripts', 'build-native.js');
  const code = await new Promise<number | null>((done, reject) => {
    const child = spawn(process.execPath, [script], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      ...(signal ? { signal } : {}),
    });
    child.on('error', (error) => {
      if (child.pid === undefined) reject(error);
    });
    child.on('close', done);
  });
  throwIfAborted(signal, 'The build of the addon was stopped');
  if (code !== 0) {
    throw new ResnetFtError('ADDON_BUILD_FAILED', `the addon in ${root} was not built; the reason is above`, {
      hint: 'It needs CMake 3.18, a C++20 compiler, and a LibTorch with headers (npx resnet-ft libtorch install).',
    });
  }
  const built = path.join(root, 'build', 'Release', 'resnet_ft.node');
  if (!fs.existsSync(built)) throw new ResnetFtError('ADDON_BUILD_FAILED', `${built} is missing after the build`);
  return built;
}
