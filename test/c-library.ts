import { spawnSync } from 'node:child_process';
import path from 'node:path';

/**
 * Compiles a file of C into a library, to be preloaded; undefined, with a line that says why, where that can't be done.
 *
 * @param folder where the library is put
 */
export function compileLibrary(source: string, folder: string): string | undefined {
  if (process.platform !== 'linux') {
    console.warn('skipped: libraries are preloaded on Linux only');
    return undefined;
  }
  const library = path.join(folder, `${path.parse(source).name}.so`);
  const flags = ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC'];
  const { status, error, stderr } = spawnSync('cc', [...flags, '-o', library, source, '-ldl']);
  if (error !== undefined) {
    console.warn(`skipped: there is no compiler of C (${error.message})`);
    return undefined;
  }
  if (status !== 0) throw new Error(stderr.toString());
  return library;
}
