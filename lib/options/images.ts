import { DATA } from './common';
import { rejectOption, rejectUse, requireText, type OptionTable } from './spec';

/** Of commands that take images, and `-` for a list of them on standard input. */
export const LIST_OPTION = {
  null: {
    type: 'boolean',
    default: false,
    group: DATA,
    help: 'paths in the list on standard input end with a NUL byte, as from find -print0, instead of a newline',
  },
} as const satisfies OptionTable;

/**
 * Checks the images that a command is given.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function checkImages(images: unknown): string[] {
  if (!Array.isArray(images) || images.length === 0) rejectOption('images, folders or globs', 'images', images);
  return images.map((image: unknown) => requireText('a path or a glob', 'images', image));
}

/**
 * Refuses options of a list that is not asked for.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function checkList(options: { null: boolean }, images: readonly string[]): void {
  if (options.null && !images.includes('-')) rejectUse('--null needs - among the images');
}
