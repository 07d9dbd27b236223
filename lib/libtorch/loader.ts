import path from 'node:path';
import { ResnetFtError } from '../errors';
import { packageRoot } from '../machine/root';
import { hasLibtorch, PLATFORM } from './platform';

/** What native/loader/loader.cpp exports. */
export interface Loader {
  /** Version of LibTorch that the addon was compiled against. */
  libtorchVersion: string;
  /** Whether the library of NVIDIA's driver can be opened. */
  hasNvidiaDriver(): boolean;
  /** Opens libraries, in order, on another thread; gives why one can't be opened, or an empty text. */
  open(libraryPaths: string[]): Promise<string>;
  /** The exports of the core, once the libraries are open. */
  load(libraryPaths: string[], corePath: string): unknown;
  /** Lets the process end without the destructors of what is loaded. */
  skipDestructors(): void;
}

/** What compiles the addon. */
export const REBUILD = 'Run: npx resnet-ft build';

/**
 * Why there is no addon, and what to do about it.
 *
 * @param looked the folders that were searched
 */
export function noAddon(platform: string, looked: readonly string[], cause?: unknown): ResnetFtError {
  const message = `no native addon for ${platform} in ${looked.join(' and ')}`;
  if (hasLibtorch(platform)) {
    const hint = `${REBUILD}. If the program was copied without it: docs/deploying.md`;
    return new ResnetFtError('ADDON_NOT_LOADED', message, { hint, cause });
  }
  return new ResnetFtError('ADDON_NOT_LOADED', `${message}, and PyTorch makes no LibTorch for it`, {
    hint: 'Use --backend js, or set LIBTORCH to a LibTorch of your own making and run: npx resnet-ft build',
    cause,
  });
}

/**
 * The loader: the part of the addon that Node.js opens by itself, and that opens LibTorch.
 *
 * @throws ResnetFtError ADDON_NOT_LOADED where there is none for this platform, or a bundler took this package apart
 */
export function findLoader(): string {
  const root = packageRoot();
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- opened only when the addon is first needed
    const nodeGypBuild = require('node-gyp-build') as { path(folder: string): string };
    return nodeGypBuild.path(root);
  } catch (error) {
    // Spelled out from this file: so the tools that copy what a program needs (@vercel/nft) see that it needs these folders.
    const looked = [
      path.join(__dirname, '..', '..', 'build', 'Release'),
      path.join(__dirname, '..', '..', 'prebuilds'),
    ];
    throw noAddon(PLATFORM, looked, error);
  }
}

/**
 * Whether there is an addon for this platform at all, whether or not it can be loaded.
 *
 * @throws ResnetFtError ADDON_NOT_LOADED where a bundler took this package apart: that says nothing of the platform
 */
export function hasAddon(): boolean {
  packageRoot();
  try {
    findLoader();
    return true;
  } catch {
    return false;
  }
}

/** Opens the loader, which needs nothing of LibTorch. */
export function openLoader(file: string): Loader {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the only way to open an addon by its path
  return require(file) as Loader;
}

/** Version of LibTorch that the addon at hand was compiled against; undefined where there is none that can be opened. */
export function compiledAgainst(): string | undefined {
  try {
    return openLoader(findLoader()).libtorchVersion;
  } catch {
    // Whoever loads the addon is told why that fails.
    return undefined;
  }
}
