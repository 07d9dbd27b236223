import fs from 'node:fs';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { ResnetFtError } from '../../errors';
import { currentFolder } from '../../files/current-folder';
import { findLibtorch } from '../../libtorch/find';
import { isCudaBuild, libraryName, withoutCuda, type LibtorchFolder } from '../../libtorch/inspect';
import { skipsDestructors } from './exit';
import { packageRoot } from '../../machine/root';
import type { NativeAddon } from './addon';

/** What native/loader/loader.cpp exports. */
interface Loader {
  /** Whether the library of NVIDIA's driver can be opened. */
  hasNvidiaDriver(): boolean;
  /** Opens libraries on another thread; if one can't be opened, `load` will say why. */
  open(libraryPaths: string[]): Promise<void>;
  load(libraryPaths: string[], corePath: string): NativeAddon;
  /** Lets the process end without the destructors of what is loaded. */
  skipDestructors(): void;
}

/** What is to be opened, and by what. */
interface Prepared {
  loader: Loader;
  corePath: string;
  libtorch: LibtorchFolder;
  /** The libraries to open, in this order. */
  libraries: string[];
  /** Whether CUDA libraries were left out because there is no driver. */
  withoutDriver: boolean;
}

const DRIVER = process.platform === 'win32' ? 'nvcuda.dll' : 'libcuda.so.1';

const REBUILD = 'Run: npx resnet-ft build';

/** What to do where a library can't be opened; the C++ runtime being too old is no fault of LibTorch's version. */
function openingHint(message: string): string {
  const runtime = /version [`']?(GLIBC|GLIBCXX|CXXABI)_[\w.]+'? not found/.exec(message)?.[1];
  if (runtime === undefined) return `${REBUILD}, or for another LibTorch: npx resnet-ft libtorch install`;
  const library = runtime === 'GLIBC' ? 'C' : 'C++';
  return `The system's ${library} library is older than LibTorch or the addon needs (glibc 2.28, libstdc++ of GCC 7): use a newer system`;
}

function findLoader(): string {
  const root = packageRoot();
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- opened only when the addon is first needed
    const nodeGypBuild = require('node-gyp-build') as { path(folder: string): string };
    return nodeGypBuild.path(root);
  } catch (error) {
    const looked = `${path.join(root, 'build', 'Release')} and ${path.join(root, 'prebuilds')}`;
    throw new ResnetFtError(
      'ADDON_NOT_LOADED',
      `no native addon for ${process.platform}-${process.arch} in ${looked}`,
      { hint: REBUILD, cause: error },
    );
  }
}

/** Whether there is an addon for this platform at all, whether or not it can be loaded. */
export function hasAddon(): boolean {
  try {
    findLoader();
    return true;
  } catch {
    return false;
  }
}

function cannotLoad(corePath: string, libtorch: LibtorchFolder, cause: unknown): ResnetFtError {
  const { message } = cause as Error;
  return new ResnetFtError(
    'ADDON_NOT_LOADED',
    `cannot load ${corePath} with LibTorch ${libtorch.version} of ${libtorch.path}: ${message}`,
    { hint: openingHint(message), cause },
  );
}

function prepare(): Prepared {
  if (currentFolder() === undefined) {
    // Intel's MKL, which is part of LibTorch, ends the process otherwise.
    throw new ResnetFtError(
      'ADDON_NOT_LOADED',
      'LibTorch needs a working directory, and that of this process was removed',
      {
        hint: 'Change to another folder',
      },
    );
  }
  const loaderPath = findLoader();
  const corePath = path.join(path.dirname(loaderPath), libraryName('resnet_ft_core'));
  if (!fs.existsSync(corePath)) {
    throw new ResnetFtError('ADDON_NOT_LOADED', `${corePath} is missing`, { hint: REBUILD });
  }
  const libtorch = findLibtorch();
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- the only way to open an addon by its path
    const loader = require(loaderPath) as Loader;
    // Without a driver, opening the CUDA libraries would waste 0.3 GB of memory and a tenth of a second.
    const withoutDriver = isCudaBuild(libtorch) && !loader.hasNvidiaDriver();
    const libraries = withoutDriver ? withoutCuda(libtorch) : libtorch.libraries;
    return { loader, corePath, libtorch, libraries, withoutDriver };
  } catch (error) {
    throw cannotLoad(corePath, libtorch, error);
  }
}

function load({ loader, corePath, libtorch, libraries, withoutDriver }: Prepared): NativeAddon {
  let addon: NativeAddon;
  try {
    addon = loader.load(libraries, corePath);
  } catch (error) {
    throw cannotLoad(corePath, libtorch, error);
  }
  // First, for a listener may throw; the threads of a worker end with it.
  if (isMainThread) {
    process.prependListener('exit', (code) => (skipsDestructors() ? loader.skipDestructors() : addon.endPasses(code)));
  }
  if (!withoutDriver) return addon;
  const why = { cudaBuilt: true, cudaReason: `there is no NVIDIA driver (${DRIVER} can't be opened)` };
  return { ...addon, deviceInfo: () => ({ ...addon.deviceInfo(), ...why }) };
}

let loaded: NativeAddon | undefined;

/**
 * Loads the native addon and LibTorch on the first call; the same addon is returned afterwards. Every worker thread has
 * its own.
 *
 * @throws ResnetFtError ADDON_NOT_LOADED, LIBTORCH_INVALID or LIBTORCH_NOT_FOUND.
 */
export function loadAddon(): NativeAddon {
  loaded ??= load(prepare());
  return loaded;
}

/** As {@link loadAddon}, but LibTorch's libraries are opened on another thread, while the caller may read weights or images. */
export async function loadAddonInBackground(): Promise<NativeAddon> {
  if (loaded !== undefined) return loaded;
  const prepared = prepare();
  await prepared.loader.open(prepared.libraries);
  loaded ??= load(prepared);
  return loaded;
}
