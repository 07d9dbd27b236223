import path from 'node:path';
import { cachePath } from '../machine/cache';
import { oneLine, ResnetFtError } from '../errors';
import { shownRange, supportedRange, versionMisfit } from './compatibility';
import { canBeBuiltFor, inspectLibtorch, isCudaBuild, type LibtorchFolder, type Purpose } from './inspect';
import { compiledAgainst } from './loader';
import { packagedLibtorch } from './packaged';
import { whyNoLibtorch } from './platform';
import { probePython } from './python';
import { LIBTORCH_VERSION } from './version';

/** Where a LibTorch was found. */
export type LibtorchSource = 'LIBTORCH' | 'package' | 'cache' | 'python';

/** A place that was looked at and passed over. */
export interface RejectedLibtorch {
  source: LibtorchSource;
  path?: string;
  reason: string;
}

/** The LibTorch to use, and what was passed over before it. */
export interface FoundLibtorch extends LibtorchFolder {
  source: LibtorchSource;
  rejected: RejectedLibtorch[];
}

/** The folder that {@link installLibtorch} fills: `$XDG_CACHE_HOME` (or `~/.cache`) `/resnet-ft/libtorch/<version>/torch`. */
export function cachedLibtorchPath(): string {
  return cachePath('libtorch', LIBTORCH_VERSION, 'torch');
}

/** A place where LibTorch may be, or why nothing is there. */
type Candidate = { source: LibtorchSource } & ({ path: string } | { reason: string });

/** The cache; a user without a home folder, as in a container, may have none, and needs none beside the package. */
function cacheCandidate(): Candidate {
  try {
    return { source: 'cache', path: cachedLibtorchPath() };
  } catch (error) {
    if (!(error instanceof ResnetFtError)) throw error;
    return { source: 'cache', reason: `it has no place: ${oneLine(error.message)}` };
  }
}

/** The places to look at, in order, after `LIBTORCH`; each is made only when it is reached, for the last starts a process. */
function* candidates(): Generator<Candidate> {
  const cache = cacheCandidate();
  // A CUDA build in the cache is there because somebody asked for it; the package computes on the CPU alone.
  const cacheFirst = 'path' in cache && isCudaBuild(inspectLibtorch(cache.path));
  if (cacheFirst) yield cache;
  yield { source: 'package', ...packagedLibtorch() };
  if (!cacheFirst) yield cache;
  yield { source: 'python', ...probePython() };
}

/** The LibTorch that `LIBTORCH` names; undefined where it is not set. */
function namedLibtorch(purpose: Purpose): LibtorchFolder | undefined {
  const named = process.env['LIBTORCH'];
  if (!named) return undefined;
  const folder = path.resolve(named);
  const result = inspectLibtorch(folder, purpose);
  if (!('reason' in result)) return result;
  const range = shownRange(supportedRange(purpose.compiledAgainst));
  const rebuild = canBeBuiltFor(folder) ? ', run npx resnet-ft build for it' : '';
  throw new ResnetFtError('LIBTORCH_INVALID', `LIBTORCH is ${folder}: ${result.reason}`, {
    hint: `Set LIBTORCH to a LibTorch folder or a site-packages/torch of version ${range}${rebuild}, or unset it.`,
  });
}

/**
 * Finds LibTorch: the folder that `LIBTORCH` names, else a CUDA build in the cache, else the npm package of the libraries, else the
 * cache, else the torch of the Python on the PATH. It is one that the addon at hand works with, by the version that it was compiled against.
 *
 * @param options.requireHeaders - ask for one to compile the addon against, with the C++ headers, instead.
 * @throws ResnetFtError LIBTORCH_INVALID where `LIBTORCH` is set to something that does not fit (it is never skipped);
 *   LIBTORCH_NOT_FOUND where no place has a LibTorch that fits.
 */
export function findLibtorch(options: { requireHeaders?: boolean } = {}): FoundLibtorch {
  const requireHeaders = options.requireHeaders ?? false;
  const purpose: Purpose = requireHeaders ? { requireHeaders } : { compiledAgainst: compiledAgainst() };
  const named = namedLibtorch(purpose);
  if (named !== undefined) return { ...named, source: 'LIBTORCH', rejected: [] };

  const rejected: RejectedLibtorch[] = [{ source: 'LIBTORCH', reason: 'not set' }];
  for (const candidate of candidates()) {
    const result = 'reason' in candidate ? candidate : inspectLibtorch(candidate.path, purpose);
    if (!('reason' in result)) return { ...result, source: candidate.source, rejected };
    rejected.push({ ...candidate, reason: result.reason });
  }
  const looked = rejected.map((r) => `${r.source}: ${r.path ? `${r.path}: ` : ''}${r.reason}`).join('; ');
  throw new ResnetFtError('LIBTORCH_NOT_FOUND', `no LibTorch found (${looked})`, {
    hint: wayToLibtorch(requireHeaders),
  });
}

/** What to do where there is no LibTorch. */
export function wayToLibtorch(requireHeaders: boolean, none = whyNoLibtorch()): string {
  if (none !== undefined) return `${none}: use --backend js, or set LIBTORCH to one of your own making`;
  const install = 'Run: npx resnet-ft libtorch install';
  if (requireHeaders) return `${install} (the npm package of LibTorch has no headers)`;
  return wayToAnother() ?? install;
}

/**
 * What to do where the addon at hand does not work with the LibTorch that `libtorch install` installs; undefined where it does.
 *
 * @param version that the addon was compiled against
 */
export function wayToAnother(version = compiledAgainst()): string | undefined {
  if (versionMisfit(LIBTORCH_VERSION, version) === undefined) return undefined;
  const range = shownRange(supportedRange(version));
  return `Set LIBTORCH to a LibTorch of version ${range}, for which the addon was compiled, or run npx resnet-ft libtorch install and then npx resnet-ft build`;
}
