import os from 'node:os';
import path from 'node:path';

/** A path in the package's cache: `$XDG_CACHE_HOME` (or `~/.cache`) `/resnet-ft/<names>`. */
export function cachePath(...names: string[]): string {
  // The XDG specification has relative values ignored.
  const configured = process.env['XDG_CACHE_HOME'];
  const root = configured && path.isAbsolute(configured) ? configured : path.join(os.homedir(), '.cache');
  return path.join(root, 'resnet-ft', ...names);
}
