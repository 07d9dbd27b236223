import { kebab, rejectUse, type OptionTable } from './spec';

/**
 * Refuses what says how something is fitted where it is to be taken out of the model.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function checkForget(table: OptionTable, options: Readonly<Record<string, unknown>>): void {
  if (options['forget'] !== true) return;
  for (const name of ['data', 'keep', 'batchSize']) {
    const spec = table[name];
    if (spec !== undefined && options[name] !== spec.default) rejectUse(`--${kebab(name)} can't be used with --forget`);
  }
}
