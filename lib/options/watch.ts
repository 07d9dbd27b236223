import { OUTPUT } from './common';
import { rejectUse, resolveOptions, type RecipeTable, type ResolvedOptions } from './spec';

/** How the command `train` is watched: not for a training to know. */
export const WATCH_OPTIONS = {
  watch: {
    type: 'boolean',
    default: false,
    group: OUTPUT,
    affects: 'place',
    help: 'serve a page on this computer that follows the training; its address is printed',
  },
  watchPort: {
    type: 'number',
    integer: true,
    min: 0,
    max: 65_535,
    default: 0,
    group: OUTPUT,
    affects: 'place',
    advanced: true,
    help: 'port of that page, such as one that ssh forwards; 0 for any that is free',
  },
} as const satisfies RecipeTable;

/** What `watchTraining` takes. */
export interface WatchOptions {
  /** Default 0: any that is free. */
  port?: number | undefined;
}

/**
 * Checks the options of `watchTraining`.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function resolveWatchOptions(input: WatchOptions): { port: number } {
  // No command has these options: errors have their names.
  return resolveOptions({ port: WATCH_OPTIONS.watchPort }, input, 'watchTraining', (name) => name);
}

/** The options of the command line, after defaults. */
export type ResolvedWatchOptions = ResolvedOptions<typeof WATCH_OPTIONS>;

/**
 * Checks how a training of the command line is watched.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function resolveWatch(given: Record<string, unknown>): ResolvedWatchOptions {
  const options = resolveOptions(WATCH_OPTIONS, given, 'train');
  if (!options.watch && options.watchPort !== 0) rejectUse('--watch-port needs --watch');
  return options;
}
