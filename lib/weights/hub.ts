import path from 'node:path';
import { configuredCache, homeFolder } from '../machine/cache';

/** As Python's `os.path.expanduser` for one's own folder. */
function expandUser(folder: string): string {
  return folder === '~' || folder.startsWith('~/') ? path.join(homeFolder(), folder.slice(2)) : folder;
}

/**
 * Where torch.hub keeps downloaded weights: `hub/checkpoints` under `$TORCH_HOME`, `$XDG_CACHE_HOME/torch` or
 * `~/.cache/torch` (torch/hub.py, `_get_torch_home`). Unlike there, a relative `XDG_CACHE_HOME` is ignored, as elsewhere in this
 * package.
 */
export function checkpointFolder(): string {
  const xdg = process.env['XDG_CACHE_HOME'] ?? '';
  const cache = configuredCache() ?? (xdg.startsWith('~') ? xdg : '~/.cache');
  const home = process.env['TORCH_HOME'] || path.join(cache, 'torch');
  return path.resolve(expandUser(home), 'hub', 'checkpoints');
}

/** Where the file of named weights is, or would be. */
export function weightsFile(weights: { path: string }): string {
  return path.join(checkpointFolder(), path.posix.basename(weights.path));
}
