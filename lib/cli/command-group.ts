import type { Argv } from 'yargs';
import { oneOf, rejectOption } from '../options';
import { suggest } from '../text/suggest';
import { usageError, type Command } from './command';

/**
 * A command whose first argument says what to do: `libtorch where`, `libtorch install`.
 *
 * @param actions made by `defineCommand` with both words: `libtorch where`
 */
export function defineGroup(name: string, describe: string, actions: readonly Command[]): Command {
  const usage = `${name} <action>`;
  const words = actions.map(({ usage: whole }) => whole.split(' ')[1] ?? '');
  const needs = `an action: ${oneOf(words)}`;
  return {
    usage,
    listed: name,
    needs,
    options: {},
    flags: [],
    actions,
    command: name,
    describe,
    builder: (yargs: Argv, helping?: boolean) => {
      const built = yargs.strict(false).usage(`$0 ${usage}\n\n${describe}.`);
      for (const action of actions) {
        // Yargs reads options that stand before the action too, if it knows which of them take no value.
        for (const flag of action.flags) built.option(flag, { type: 'boolean', hidden: true, global: false });
        const { listed, command } = action;
        built.command({ ...action, command: String(helping === true ? listed : command).replace(/^\S+ /, '') });
      }
      // Where no action fits.
      return built.command('$0', false, {}, ({ _: given }) => reject({ usage, needs }, words, given[1]));
    },
    handler: () => {},
  };
}

function reject(
  command: Pick<Command, 'usage' | 'needs'>,
  actions: readonly string[],
  given: string | number | undefined,
): never {
  if (given === undefined) throw usageError(command);
  // Behind `--` an action is no more than an argument.
  const near = actions.includes(String(given)) ? undefined : suggest(String(given), actions);
  rejectOption(oneOf(actions), '<action>', given, near === undefined ? undefined : `Did you mean ${near}?`);
}
