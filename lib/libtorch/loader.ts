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

/** Why there is no addon, and what to do about it. */
export function noAddon(platform: string, root: string, cause?: unknown): ResnetFtError {
  const looked = `${path.join(root, 'build', 'Release')} and ${path.join(root, 'prebuilds')}`;
  const message = `no native addon for ${platform} in ${looked}`;
  if (hasLibtorch(platform)) return new ResnetFtError('ADDON_NOT_LOADED', message, { hint: REBUILD, cause });
  return new ResnetFtError('ADDON_NOT_LOADED', `${message}, and PyTorch makes no LibTorch for it`, {
    hint: 'Use --backend js, or set LIBTORCH to a LibTorch of your own making and run: npx resnet-ft build',
    cause,
  });
}

/**
 * The loader: the part of the addon that Node.js opens by itself, and that opens LibTorch.
 *
 * @throws ResnetFtError ADDON_NOT_LOADED where there is none for this platform
 */
export function findLoader(): string {
  const root = packageRoot();
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- opened only when the addon is first needed
    const nodeGypBuild = require('node-gyp-build') as { path(folder: string): string };
    return nodeGypBuild.path(root);
  } catch (error) {
    throw noAddon(PLATFORM, root, error);
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
