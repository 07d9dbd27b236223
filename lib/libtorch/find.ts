import path from 'node:path';
import { cachePath } from '../cache';
import { ResnetFtError } from '../errors';
import { FIRST_UNSUPPORTED, MINIMUM_VERSION, inspectLibtorch, type LibtorchFolder } from './inspect';
import { packagedLibtorch } from './packaged';
import { probePython } from './python';
import { LIBTORCH_VERSION } from './version';

export { LIBTORCH_VERSION };

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

/**
 * Finds LibTorch: the folder that `LIBTORCH` names, else the npm package of the libraries, else the cache, else the torch of
 * the Python on the PATH.
 *
 * @param options.requireHeaders - also ask for the C++ headers, which compiling the addon needs.
 * @throws ResnetFtError LIBTORCH_INVALID where `LIBTORCH` is set to something that does not fit (it is never skipped);
 *   LIBTORCH_NOT_FOUND where no place has a LibTorch that fits.
 */
export function findLibtorch(options: { requireHeaders?: boolean } = {}): FoundLibtorch {
  const requireHeaders = options.requireHeaders ?? false;
  const rejected: RejectedLibtorch[] = [];

  const named = process.env['LIBTORCH'];
  if (named) {
    const folder = path.resolve(named);
    const result = inspectLibtorch(folder, { requireHeaders });
    if ('reason' in result) {
      throw new ResnetFtError('LIBTORCH_INVALID', `LIBTORCH is ${folder}: ${result.reason}`, {
        hint: `Set LIBTORCH to a LibTorch folder or a site-packages/torch of version >=${MINIMUM_VERSION} <${FIRST_UNSUPPORTED}, or unset it.`,
      });
    }
    return { ...result, source: 'LIBTORCH', rejected };
  }
  rejected.push({ source: 'LIBTORCH', reason: 'not set' });

  const packaged = packagedLibtorch();
  if ('reason' in packaged) {
    rejected.push({ source: 'package', reason: packaged.reason });
  } else {
    const inPackage = inspectLibtorch(packaged.path, { requireHeaders });
    if (!('reason' in inPackage)) return { ...inPackage, source: 'package', rejected };
    rejected.push({ source: 'package', path: packaged.path, reason: inPackage.reason });
  }

  const cached = cachedLibtorchPath();
  const inCache = inspectLibtorch(cached, { requireHeaders });
  if (!('reason' in inCache)) return { ...inCache, source: 'cache', rejected };
  rejected.push({ source: 'cache', path: cached, reason: inCache.reason });

  // Last, because it starts a process.
  const probe = probePython();
  if ('reason' in probe) {
    rejected.push({ source: 'python', reason: probe.reason });
  } else {
    const inPython = inspectLibtorch(probe.path, { requireHeaders });
    if (!('reason' in inPython)) return { ...inPython, source: 'python', rejected };
    rejected.push({ source: 'python', path: probe.path, reason: inPython.reason });
  }

  const looked = rejected.map((r) => `${r.source}: ${r.path ? `${r.path}: ` : ''}${r.reason}`).join('; ');
  throw new ResnetFtError('LIBTORCH_NOT_FOUND', `no LibTorch found (${looked})`, {
    hint: requireHeaders
      ? 'Run: npx resnet-ft libtorch install (the npm package of LibTorch has no headers)'
      : 'Run: npx resnet-ft libtorch install',
  });
}
