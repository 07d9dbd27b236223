import fs from 'node:fs';
import path from 'node:path';
import { isOffline, withLock } from '../download';
import { shownUrl } from '../download/shown-url';
import { oneLine, ResnetFtError, throwIfAborted } from '../errors';
import { makeFolder } from '../files/make-folder';
import { removeStale, temporaryName } from '../files/stale';
import { removeFolder } from '../files/remove-folder';
import { fetchLibtorch, keepLicenses, type ArchiveSource } from './archive';
import { cachedLibtorchPath, wayToLibtorch } from './find';
import { versionMisfit } from './compatibility';
import { canBeBuiltFor, inspectLibtorch, isCudaBuild, type LibtorchFolder } from './inspect';
import { nvidiaBeside } from './cuda-packages';
import { compiledAgainst } from './loader';
import { whyNoLibtorch } from './platform';
import { findPip, INSTALLATION_STOPPED, pipInstall } from './pip';
import { whyNotOpened } from './trial';
import { LIBTORCH_VERSION } from './version';

const CPU_INDEX = 'https://download.pytorch.org/whl/cpu';

/** Options of {@link installLibtorch}. */
export interface InstallOptions {
  /** Called with one line before each thing that takes time. */
  onProgress?: (line: string) => void;
  /** Stops pip and leaves nothing behind. */
  signal?: AbortSignal;
  /** Never download, as with RESNET_FT_OFFLINE: only what the cache has will do. */
  offline?: boolean;
}

interface Attempt {
  label: string;
  requirement: string;
  /** Address of an index; default pip's configured one. */
  index?: string;
}

function attempts(): Attempt[] {
  const plain = { label: "pip's configured index", requirement: `torch==${LIBTORCH_VERSION}` };
  // There are no +cpu builds for macOS, where the only build is one without CUDA.
  if (process.platform === 'darwin') return [plain];
  const cpu = `torch==${LIBTORCH_VERSION}+cpu`;
  const index = process.env['RESNET_FT_TORCH_INDEX'] || CPU_INDEX;
  return [
    { label: "pip's configured index (CPU build)", requirement: cpu },
    { label: shownUrl(index), requirement: cpu, index },
    plain,
  ];
}

/** Moves the finished folder to its name; where another installation was faster, its folder is kept. */
function moveIntoPlace(finished: string, target: string, temporary: string): void {
  for (let tries = 0; ; tries++) {
    try {
      fs.renameSync(finished, target);
      return;
    } catch (error) {
      if (!('reason' in inspectLibtorch(target, { requireHeaders: true }))) return;
      if (tries > 0 || !fs.existsSync(target)) throw error;
      // Something incomplete has the name: it goes with the temporary folder.
      fs.renameSync(target, path.join(temporary, 'replaced'));
    }
  }
}

/**
 * Moves the finished folder, and NVIDIA's packages beside it, to their names, in place of whatever has them, or leaves these. Between the
 * steps there may be no LibTorch, but never one with packages that are not its own.
 */
function replaceTarget(finished: string, target: string, temporary: string): void {
  /** What was moved, and where it was. */
  const moves: [string, string][] = [];
  const move = (from: string, to: string): void => {
    fs.renameSync(from, to);
    moves.push([from, to]);
  };
  const setAside = (folder: string): void => {
    if (fs.existsSync(folder)) move(folder, path.join(temporary, `replaced-${moves.length}`));
  };
  const nvidia = nvidiaBeside(finished);
  let packages = false;
  for (let tries = 0; ; tries++) {
    try {
      setAside(target);
      if (!packages) {
        setAside(nvidiaBeside(target));
        if (fs.existsSync(nvidia)) move(nvidia, nvidiaBeside(target));
        packages = true;
      }
      move(finished, target);
      return;
    } catch (error) {
      // Another installation may have taken the name between the two.
      const { code } = error as NodeJS.ErrnoException;
      if (tries < 5 && ['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(code ?? '')) continue;
      putBack(moves);
      throw error;
    }
  }
}

/** The last first, for a place may have been taken since. What can't be moved back stays where it is: the reason is what failed before. */
function putBack(moves: [string, string][]): void {
  for (const [from, to] of moves.reverse()) {
    try {
      fs.renameSync(to, from);
    } catch {
      return;
    }
  }
}

async function rejection(folder: string, signal?: AbortSignal): Promise<string | undefined> {
  const result = inspectLibtorch(folder, { requireHeaders: true });
  if ('reason' in result) return result.reason;
  if (isCudaBuild(result)) {
    return 'this is a CUDA build, which does not work without several GB of further packages; to use CUDA, run resnet-ft libtorch install --cuda or set LIBTORCH to the torch of a Python environment';
  }
  return unopenable(result, signal);
}

async function unopenable({ libraries }: LibtorchFolder, signal?: AbortSignal): Promise<string | undefined> {
  const failure = await whyNotOpened(libraries, signal);
  throwIfAborted(signal, INSTALLATION_STOPPED);
  return failure === undefined ? undefined : `its libraries can't be opened: ${oneLine(failure)}`;
}

/** Why a LibTorch in the cache is of no use to the addon at hand, where another one would be. */
async function whyUnusable(present: LibtorchFolder, signal?: AbortSignal): Promise<string | undefined> {
  // Where the addon does not work with the version that would be installed either, only building it helps.
  const misfit = versionMisfit(present.version, compiledAgainst());
  if (misfit !== undefined && versionMisfit(LIBTORCH_VERSION, compiledAgainst()) === undefined) return misfit;
  return unopenable(present, signal);
}

function writeFailure(parent: string, error: unknown): ResnetFtError {
  return new ResnetFtError('LIBTORCH_INSTALL_FAILED', `cannot write to ${parent}: ${(error as Error).message}`, {
    hint: 'Set XDG_CACHE_HOME to a folder that can be written.',
    cause: error,
  });
}

/** Runs an installation in a temporary folder beside the target, which goes whatever happens. */
async function inTemporaryFolder(
  target: string,
  signal: AbortSignal | undefined,
  install: (temporary: string) => Promise<LibtorchFolder>,
): Promise<LibtorchFolder> {
  throwIfAborted(signal, INSTALLATION_STOPPED);
  const parent = path.dirname(target);
  let temporary: string;
  try {
    await makeFolder(parent);
    // What installations that were killed have left.
    await removeStale(parent, (base) => base === path.basename(target));
    temporary = temporaryName(target);
    fs.mkdirSync(temporary, 0o700);
  } catch (error) {
    throw writeFailure(parent, error);
  }
  try {
    return await install(temporary);
  } catch (error) {
    throwIfAborted(signal, INSTALLATION_STOPPED);
    if (error instanceof ResnetFtError) throw error;
    throw new ResnetFtError('LIBTORCH_INSTALL_FAILED', `LibTorch was not installed: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    removeFolder(temporary);
  }
}

/**
 * Installs LibTorch's CPU build into the package's cache with pip. The folder appears under its final name only when it
 * is complete and its libraries could be opened, so an installation that is killed leaves nothing that could be taken for a LibTorch,
 * and two at once do not disturb each other. Does nothing where the cache already has one that can be used; one that can't is replaced.
 *
 * @throws ResnetFtError LIBTORCH_INSTALL_FAILED, also where it would have to be downloaded and downloads are off, or ABORTED.
 */
export async function installLibtorch(options: InstallOptions = {}): Promise<LibtorchFolder> {
  const { signal, onProgress = () => {} } = options;
  const target = cachedLibtorchPath();
  const present = inspectLibtorch(target, { requireHeaders: true });
  const unusable = 'reason' in present ? undefined : await whyUnusable(present, signal);
  if (!('reason' in present) && unusable === undefined) {
    onProgress(`LibTorch ${present.version} is already in ${target}`);
    return present;
  }
  if (isOffline({ offline: options.offline })) {
    throw new ResnetFtError('LIBTORCH_INSTALL_FAILED', 'downloads are off (--offline or RESNET_FT_OFFLINE)', {
      hint: 'Name an archive on this machine: resnet-ft libtorch install --from FILE',
    });
  }
  const none = whyNoLibtorch();
  if (none !== undefined)
    throw new ResnetFtError('LIBTORCH_INSTALL_FAILED', none, { hint: wayToLibtorch(false, none) });
  if (unusable !== undefined) onProgress(`The LibTorch in ${target} can't be used, and is replaced: ${unusable}`);
  const python = findPip();
  return inTemporaryFolder(target, signal, async (temporary) => {
    const failures: string[] = [];
    for (const [i, attempt] of attempts().entries()) {
      onProgress(`Installing ${attempt.requirement} from ${attempt.label}`);
      const folder = path.join(temporary, String(i));
      const failure = await pipInstall(python, folder, attempt, signal);
      const finished = path.join(folder, 'torch');
      const reason = failure ?? (await rejection(finished, signal));
      if (reason === undefined) {
        await keepLicenses(folder, finished);
        if (unusable === undefined) moveIntoPlace(finished, target, temporary);
        else await alone(target, signal, () => replaceTarget(finished, target, temporary));
        const installed = inspectLibtorch(target, { requireHeaders: true });
        if ('reason' in installed) throw new ResnetFtError('LIBTORCH_INSTALL_FAILED', `${target}: ${installed.reason}`);
        onProgress(`LibTorch ${installed.version} is in ${target}`);
        return installed;
      }
      failures.push(`${attempt.requirement} from ${attempt.label}: ${reason}`);
      removeFolder(folder);
    }
    throw new ResnetFtError('LIBTORCH_INSTALL_FAILED', `LibTorch was not installed (${failures.join('; ')})`, {
      hint: 'Set RESNET_FT_TORCH_INDEX to a reachable index with CPU builds of torch, or run resnet-ft libtorch install --from with an archive, or set LIBTORCH to an unpacked LibTorch.',
    });
  });
}

function unfit(from: string, folder: string, reason: string): ResnetFtError {
  return new ResnetFtError(
    'LIBTORCH_INSTALL_FAILED',
    `${from} is no LibTorch that fits: ${reason}`,
    canBeBuiltFor(folder) ? { hint: 'Unpack it, set LIBTORCH to its folder, and run npx resnet-ft build' } : {},
  );
}

function unopened(from: string, libtorch: LibtorchFolder, reason: string): ResnetFtError {
  return new ResnetFtError(
    'LIBTORCH_INSTALL_FAILED',
    `the LibTorch ${libtorch.version} of ${from} can't be opened: ${oneLine(reason)}`,
    isCudaBuild(libtorch) && /cannot open shared object file/.test(reason)
      ? {
          hint: "NVIDIA's libraries are packages beside torch: install it with pip and name that torch folder with --from, or take resnet-ft libtorch install --cuda",
        }
      : {},
  );
}

/** Two folders can't be replaced in one step: one installation after the other does. */
async function alone(target: string, signal: AbortSignal | undefined, work: () => void): Promise<void> {
  const options = { signal: signal ?? new AbortController().signal, onWait: () => {}, stale: 15_000 };
  await withLock(target, options, () => Promise.resolve(work()));
}

/**
 * Installs a LibTorch from an archive or a folder into the package's cache, in place of the one that is there. That one is
 * replaced only when the new one is complete, fits, and its libraries could be opened.
 *
 * @throws ResnetFtError LIBTORCH_INSTALL_FAILED, INVALID_OPTION (nothing vouches for the archive of a URL), DOWNLOAD_FAILED,
 *   DATA_INVALID (not a zip, or a damaged one) or ABORTED.
 */
export async function installLibtorchFrom(
  source: ArchiveSource,
  onProgress: (line: string) => void = () => {},
): Promise<LibtorchFolder> {
  const target = cachedLibtorchPath();
  return inTemporaryFolder(target, source.signal, async (temporary) => {
    const finished = await fetchLibtorch(source, path.join(temporary, 'new'), onProgress);
    const result = inspectLibtorch(finished, { compiledAgainst: compiledAgainst() });
    if ('reason' in result) throw unfit(source.from, finished, result.reason);
    onProgress('Opening its libraries, to see whether they work here');
    const failure = await whyNotOpened(result.libraries, source.signal);
    source.signal?.throwIfAborted();
    if (failure !== undefined) throw unopened(source.from, result, failure);
    await alone(target, source.signal, () => replaceTarget(finished, target, temporary));
    const installed = inspectLibtorch(target);
    if ('reason' in installed) throw new ResnetFtError('LIBTORCH_INSTALL_FAILED', `${target}: ${installed.reason}`);
    onProgress(`LibTorch ${installed.version} is in ${target}`);
    return installed;
  });
}
