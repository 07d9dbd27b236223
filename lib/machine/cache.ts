import os from 'node:os';
import path from 'node:path';
import { rejectOption } from '../options';

/**
 * The user's own folder: `$HOME` (on Windows `%USERPROFILE%`), or what the system has on record where that is not an absolute
 * path. With an empty HOME everything would be looked for, and kept, in the working directory.
 *
 * @throws ResnetFtError INVALID_OPTION where neither names one.
 */
export function homeFolder(): string {
  for (const ask of [() => os.homedir(), () => os.userInfo().homedir]) {
    const folder = attempt(ask);
    if (folder !== undefined && path.isAbsolute(folder)) return folder;
  }
  rejectOption(
    'an absolute path',
    'HOME',
    process.env['HOME'],
    'The system has no home folder on record for this user: set HOME, or XDG_CACHE_HOME for files that are kept',
  );
}

function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

/** `$XDG_CACHE_HOME`; undefined if it is unset or relative (the XDG specification says to ignore a relative one). */
export function configuredCache(): string | undefined {
  const configured = process.env['XDG_CACHE_HOME'];
  return configured !== undefined && path.isAbsolute(configured) ? configured : undefined;
}

/** A path in the package's cache: `$XDG_CACHE_HOME` (or `~/.cache`) `/resnet-ft/<names>`. */
export function cachePath(...names: string[]): string {
  return path.join(configuredCache() ?? path.join(homeFolder(), '.cache'), 'resnet-ft', ...names);
}
