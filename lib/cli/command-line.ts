import { kebab, rejectMissing, rejectUse } from '../options';
import { suggestOption } from '../text/suggest';
import type { Command } from './command';

/** What every command takes without a value. */
const COMMON_FLAGS = ['verbose', 'help', 'version'];

/** The arguments before `--`, behind which nothing is an option. */
export function beforeEnd(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end < 0 ? argv : argv.slice(0, end);
}

/** The command that the arguments call, or where they name one, the action of it; undefined where there is none. */
export function calledCommand(argv: readonly string[], commands: readonly Command[]): Command | undefined {
  const words = beforeEnd(argv).filter((word) => !word.startsWith('-'));
  const command = commands.find(({ usage }) => usage.split(' ')[0] === words[0]);
  return command?.actions?.find(({ usage }) => words.slice(1).includes(usage.split(' ')[1] ?? '')) ?? command;
}

/**
 * Refuses a value of an option that is yes or no: yargs would take any word but `true` for no.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function refuseFlagValues(argv: readonly string[], command: Command | undefined): void {
  const ofActions = (command?.actions ?? []).flatMap(({ flags }) => flags);
  const flags = [...COMMON_FLAGS, ...(command?.flags ?? []), ...ofActions];
  for (const word of beforeEnd(argv)) {
    const [, name = '', value] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
    if (value === undefined || value === 'true' || value === 'false') continue;
    const flag = kebab(name);
    if (flags.includes(flag)) rejectUse(`--${flag} takes no value, or true or false`);
  }
}

/** An option behind another dash than two hyphens: one hyphen, or what a word processor makes of two. */
const ODD_DASH = /^(-(?=[a-z][a-z])|[\u2010-\u2015\u2212]-?|-[\u2010-\u2015\u2212])([a-z][\w-]*)(=.*)?$/is;

/**
 * Refuses options behind a single hyphen, of which yargs would take each letter for one, and behind longer dashes, which it would take for arguments.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function refuseOddDashes(argv: readonly string[], command: Command | undefined): void {
  const tables = [command, ...(command?.actions ?? [])];
  const options = tables.flatMap((one) => [...Object.keys(one?.options ?? {}).map(kebab), ...(one?.flags ?? [])]);
  const known = [...new Set([...COMMON_FLAGS, 'help-all', ...options])];
  for (const word of beforeEnd(argv)) {
    const [, dash, name = ''] = ODD_DASH.exec(word) ?? [];
    if (dash === undefined) continue;
    const flag = kebab(name);
    if (dash !== '-') {
      // Else it may be the name of a file.
      if (known.includes(flag)) rejectUse(`Unknown option ${word}`, `Write two hyphens: --${flag}`);
      continue;
    }
    const near = suggestOption(flag, known);
    rejectUse(`Unknown option -${name}`, near === undefined ? undefined : `Did you mean --${near}?`);
  }
}

/** The arguments with what other programs have as words, `help train` and `version`, as options. */
export function withoutWords(argv: readonly string[]): string[] {
  const [first = '', ...rest] = argv;
  if (first === 'help') return [...rest, '--help'];
  return ['version', '-v', '-V'].includes(first) ? ['--version', ...rest] : [...argv];
}

/**
 * Throws the error of an option without its value, where that is what yargs says.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function refuseMissingValue(message: string, command: Command | undefined): void {
  const flag = /^Not enough arguments following: ([\w-]+)$/.exec(message)?.[1];
  if (flag === undefined) return;
  const tables = [command, ...(command?.actions ?? [])].map((one) => one?.options ?? {});
  for (const [name, spec] of tables.flatMap((table) => Object.entries(table))) {
    if (kebab(name) === kebab(flag)) rejectMissing(spec, `--${kebab(name)}`);
  }
}

/** Where the options of a command are explained: in the help with every one, where the message names one that the usual help leaves out. */
export function helpFor(message: string, command: Command | undefined): string {
  if (command === undefined) return 'See resnet-ft --help';
  const named: readonly string[] = message.match(/--[a-z\d][a-z\d-]*/g) ?? [];
  const hidden = Object.entries(command.options).some(
    ([name, { advanced }]) =>
      advanced === true && (named.includes(`--${kebab(name)}`) || named.includes(`--no-${kebab(name)}`)),
  );
  const words = command.usage.split(' ').filter((word) => /^[a-z]/.test(word));
  return `See resnet-ft ${words.join(' ')} --help${hidden ? '-all' : ''}`;
}

/** What is said of a word that is no command, where yargs says so; undefined where it speaks of something else. */
export function noCommand(message: string, argv: readonly string[]): string | undefined {
  const word = beforeEnd(argv).find((one) => !one.startsWith('-'));
  if (word === undefined) return undefined;
  if (message.startsWith('Did you mean ')) return `There is no command ${word}. ${message}`;
  const [, first] = /^Unknown (?:command|argument)s?: (.*?)(?:, .*)?$/s.exec(message) ?? [];
  return first === word ? `There is no command ${word}` : undefined;
}
