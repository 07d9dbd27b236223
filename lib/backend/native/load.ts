import fs from 'node:fs';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { oneLine, ResnetFtError } from '../../errors';
import { currentFolder } from '../../files/current-folder';
import { findLibtorch } from '../../libtorch/find';
import { cpuLibraries, cudaLibraries, isCudaBuild, libraryName, type LibtorchFolder } from '../../libtorch/inspect';
import { findLoader, openLoader, REBUILD, type Loader } from '../../libtorch/loader';
import { archiveHint } from '../../machine/root';
import { skipsDestructors } from './exit';
import type { NativeAddon } from './addon';

/** What is to be opened, and by what. */
interface Prepared {
  loader: Loader;
  corePath: string;
  libtorch: LibtorchFolder;
}

/** The addon of this thread. */
interface Loaded extends Prepared {
  addon: NativeAddon;
  /** Why LibTorch's CUDA libraries are not open; undefined where they are, or there are none. */
  withoutCuda: string | undefined;
}

const DRIVER = process.platform === 'win32' ? 'nvcuda.dll' : 'libcuda.so.1';

const NOT_WANTED = 'the CUDA libraries were not opened, for only the CPU was asked for';

/** What to do where a library can't be opened; the C++ runtime being too old is no fault of LibTorch's version. */
function openingHint(message: string): string {
  const runtime = /version [`']?(GLIBC|GLIBCXX|CXXABI)_[\w.]+'? not found/.exec(message)?.[1];
  if (runtime === undefined) return `${REBUILD}, or for another LibTorch: npx resnet-ft libtorch install`;
  const library = runtime === 'GLIBC' ? 'C' : 'C++';
  return `The system's ${library} library is older than LibTorch or the addon needs (glibc 2.28, libstdc++ of GCC 7): use a newer system`;
}

function cannotLoad(corePath: string, libtorch: LibtorchFolder, cause: unknown): ResnetFtError {
  const { message } = cause as Error;
  return new ResnetFtError(
    'ADDON_NOT_LOADED',
    `cannot load ${corePath} with LibTorch ${libtorch.version} of ${libtorch.path}: ${message}`,
    { hint: archiveHint([corePath, libtorch.path]) ?? openingHint(message), cause },
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
    return { loader: openLoader(loaderPath), corePath, libtorch };
  } catch (error) {
    throw cannotLoad(corePath, libtorch, error);
  }
}

/** Why the CUDA libraries are to stay closed; undefined where they are to be opened, or there are none. */
function reasonWithoutCuda({ loader, libtorch }: Prepared, cuda: boolean): string | undefined {
  if (!isCudaBuild(libtorch)) return undefined;
  // They take 0.3 GB of memory, and setting up a GPU some seconds.
  if (!cuda) return NOT_WANTED;
  const visible = process.env['CUDA_VISIBLE_DEVICES'];
  if (visible !== undefined && /^\s*(-1.*)?$/.test(visible)) return 'CUDA_VISIBLE_DEVICES leaves no GPU';
  return loader.hasNvidiaDriver() ? undefined : `there is no NVIDIA driver (${DRIVER} can't be opened)`;
}

/** The libraries to open, in this order. */
function librariesOf({ libtorch }: Prepared, withoutCuda: string | undefined): string[] {
  return isCudaBuild(libtorch) && withoutCuda === undefined ? libtorch.libraries : cpuLibraries(libtorch);
}

const cannotOpenCuda = (why: string): string => `LibTorch's CUDA libraries can't be opened: ${oneLine(why)}`;

function load(prepared: Prepared, cuda: boolean): Loaded {
  const { loader, corePath, libtorch } = prepared;
  let withoutCuda = reasonWithoutCuda(prepared, cuda);
  const open = (): NativeAddon => loader.load(librariesOf(prepared, withoutCuda), corePath) as NativeAddon;
  let addon: NativeAddon;
  try {
    try {
      addon = open();
    } catch (error) {
      if (!isCudaBuild(libtorch) || withoutCuda !== undefined) throw error;
      // The CPU may do all the same.
      withoutCuda = cannotOpenCuda((error as Error).message);
      addon = open();
    }
  } catch (error) {
    throw cannotLoad(corePath, libtorch, error);
  }
  const core = addon;
  // First, for a listener may throw; the threads of a worker end with it. The code may be a text, or more than 32 bits have.
  if (isMainThread) {
    process.prependListener('exit', (code) =>
      skipsDestructors() ? loader.skipDestructors() : core.endPasses(Number(code) | 0),
    );
  }
  const made: Loaded = { ...prepared, withoutCuda, addon };
  made.addon = {
    ...addon,
    deviceInfo: () =>
      made.withoutCuda === undefined
        ? core.deviceInfo()
        : { ...core.deviceInfo(), cudaBuilt: true, cudaReason: made.withoutCuda },
  };
  return made;
}

/** Opens the CUDA libraries beside an addon that was loaded without them. */
async function openCuda(loaded: Loaded): Promise<void> {
  loaded.withoutCuda = reasonWithoutCuda(loaded, true);
  if (loaded.withoutCuda !== undefined) return;
  const failure = await loaded.loader.open(cudaLibraries(loaded.libtorch));
  if (failure !== '') loaded.withoutCuda = cannotOpenCuda(failure);
}

let loaded: Loaded | undefined;

/**
 * Loads the native addon and LibTorch on the first call, with its CUDA libraries where there are any and a driver; the same addon is
 * returned afterwards. Every worker thread has its own.
 *
 * @throws ResnetFtError ADDON_NOT_LOADED, LIBTORCH_INVALID or LIBTORCH_NOT_FOUND.
 */
export function loadAddon(): NativeAddon {
  loaded ??= load(prepare(), true);
  return loaded.addon;
}

async function loadOnPool(cuda: boolean): Promise<NativeAddon> {
  if (loaded === undefined) {
    const prepared = prepare();
    // If one can't be opened, load says so.
    await prepared.loader.open(librariesOf(prepared, reasonWithoutCuda(prepared, cuda)));
    loaded ??= load(prepared, cuda);
  }
  if (cuda && loaded.withoutCuda === NOT_WANTED) await openCuda(loaded);
  return loaded.addon;
}

let last: Promise<unknown> = Promise.resolve();

/**
 * As {@link loadAddon}, but LibTorch's libraries are opened on another thread, while the caller may read weights or images.
 *
 * @param cuda whether the CUDA libraries are wanted too. Where they were not at first, they are opened when they are; that is too late if
 *   something was trained on the CPU meanwhile, for LibTorch looks for them once: `deviceInfo` then says so.
 */
export function loadAddonInBackground(cuda: boolean): Promise<NativeAddon> {
  const mine = last.then(() => loadOnPool(cuda));
  last = mine.catch(() => {});
  return mine;
}
