import fs from 'node:fs';
import path from 'node:path';
import { ResnetFtError } from '../errors';
import { findLibtorch } from '../libtorch/find';
import { libraryName } from '../libtorch/inspect';
import { packageRoot } from './root';
import type { NativeAddon } from './types';

/** What native/loader/loader.cpp exports. */
interface Loader {
  load(libraryPaths: string[], corePath: string): NativeAddon;
}

const REBUILD = 'Run: npx resnet-ft build';

/** What to do where a library can't be opened; the C++ runtime being too old is no fault of LibTorch's version. */
function openingHint(message: string): string {
  const runtime = /version [`']?(GLIBC|GLIBCXX|CXXABI)_[\w.]+'? not found/.exec(message)?.[1];
  if (runtime === undefined) return `${REBUILD}, or for another LibTorch: npx resnet-ft libtorch install`;
  const library = runtime === 'GLIBC' ? 'C' : 'C++';
  return `The system's ${library} library is older than LibTorch or the addon needs (glibc 2.28, libstdc++ of GCC 7): use a newer system`;
}

function load(): NativeAddon {
  const root = packageRoot();
  let loaderPath: string;
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- opened only when the addon is first needed
    const nodeGypBuild = require('node-gyp-build') as { path(folder: string): string };
    loaderPath = nodeGypBuild.path(root);
  } catch (error) {
    const looked = `${path.join(root, 'build', 'Release')} and ${path.join(root, 'prebuilds')}`;
    throw new ResnetFtError(
      'ADDON_NOT_LOADED',
      `no native addon for ${process.platform}-${process.arch} in ${looked}`,
      { hint: REBUILD, cause: error },
    );
  }
  const corePath = path.join(path.dirname(loaderPath), libraryName('resnet_ft_core'));
  if (!fs.existsSync(corePath)) {
    throw new ResnetFtError('ADDON_NOT_LOADED', `${corePath} is missing`, { hint: REBUILD });
  }

  const libtorch = findLibtorch();
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- the only way to open an addon by its path
    const loader = require(loaderPath) as Loader;
    return loader.load(libtorch.libraries, corePath);
  } catch (error) {
    throw new ResnetFtError(
      'ADDON_NOT_LOADED',
      `cannot load ${corePath} with LibTorch ${libtorch.version} of ${libtorch.path}: ${(error as Error).message}`,
      { hint: openingHint((error as Error).message), cause: error },
    );
  }
}

let loaded: NativeAddon | undefined;

/**
 * Loads the native addon and LibTorch on the first call; the same addon is returned afterwards. Every worker thread has
 * its own.
 *
 * @throws ResnetFtError ADDON_NOT_LOADED, LIBTORCH_INVALID or LIBTORCH_NOT_FOUND.
 */
export function loadAddon(): NativeAddon {
  loaded ??= load();
  return loaded;
}
