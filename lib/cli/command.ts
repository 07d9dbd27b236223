import type { Argv, ArgumentsCamelCase, CommandModule, Options } from 'yargs';
import { ResnetFtError } from '../errors';
import { kebab, rejectOption, rejectUse, type OptionTable } from '../options';
import { suggestOption } from '../text/suggest';
import { beforeEnd } from './command-line';
import { watchSignals } from './stop';
import { onOutputFailure, resultsAreInFiles } from './streams';

/** What the handler of a command gets beside its options. */
export interface CommandContext {
  /** Values of the positionals: a string, or a list for the positional that takes several. */
  positionals: Record<string, string | string[] | undefined>;
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  /** Aborts on the first SIGINT, SIGTERM or SIGHUP, and where what the command prints can't be written; a second signal ends the process. */
  signal: AbortSignal;
  /** To be called once there are results that must be saved on a stop: until then, stopping may take ten seconds at most. */
  takeTime: () => void;
}

/** A command of the command line. */
export interface CommandSpec {
  /** With its positionals as yargs writes them: `train <data>`, `predict <model> <images..>`. */
  command: string;
  describe: string;
  /** What each positional is. */
  positionals: Readonly<Record<string, string>>;
  /** What to name where the arguments are missing: goes on `Name `; left out where the usage says it better. */
  needs?: string;
  options: OptionTable;
  examples?: readonly (readonly [command: string, what: string])[];
  /** What `--json` prints; without it, the command has no such option. */
  json?: string;
  /** What `--quiet` leaves out; without it, the command has no such option. */
  quiet?: string;
  /** Whether the command's results are in files, so that it carries on if nobody reads what it prints; default no. */
  inFiles?: (options: Record<string, unknown>) => boolean;
  run(options: Record<string, unknown>, context: CommandContext): Promise<void>;
}

type Arguments = Record<string, unknown>;

/** A command for yargs, and how it is called in full. */
export interface Command extends CommandModule<object, Arguments> {
  usage: string;
  /** Its words and positionals as the help lists them. Where yargs knew them while it reads arguments, it would take positionals itself. */
  listed: string;
  /** What to name where its arguments are missing. */
  needs?: string | undefined;
  options: OptionTable;
  /** Options that take no value. */
  flags: readonly string[];
  /** Commands within this one. */
  actions?: readonly Command[];
}

/** What is said of a command that lacks arguments. */
function missingArguments({ usage, needs }: Pick<Command, 'usage' | 'needs'>): string {
  return needs === undefined ? `Expected resnet-ft ${usage}` : `Name ${needs}`;
}

/** The error of a command that lacks arguments, or has none. */
export function usageError(command: Pick<Command, 'usage' | 'needs'>): ResnetFtError {
  // eslint-disable-next-line no-restricted-syntax -- how a command is called is no value of an option
  return new ResnetFtError('INVALID_OPTION', missingArguments(command));
}

/** The words of the command itself: `libtorch`, `where`. */
const wordsOf = (spec: CommandSpec): string[] => spec.command.split(' ').filter((word) => /^[a-z]/.test(word));

/** The positional that takes several values: `images` of `<images..>`. */
const listOf = (spec: CommandSpec): string | undefined => /<(\w+)\.\.>/.exec(spec.command)?.[1];

/** How many arguments a command needs: those in `<>`. */
const neededBy = (spec: CommandSpec): number => spec.command.split('<').length - 1;

/**
 * What stands on the command line beside options and the words of the command, in its order. Positionals are kept from yargs, which
 * would lose `-` and whatever comes after `--`.
 */
function argumentsOf(spec: CommandSpec, args: ArgumentsCamelCase<Arguments>): string[] {
  return args._.slice(args.$0 === '' ? 0 : wordsOf(spec).length).map(String);
}

/** The arguments by the names of the positionals. */
function positionalsOf(spec: CommandSpec, args: ArgumentsCamelCase<Arguments>): CommandContext['positionals'] {
  const given = argumentsOf(spec, args);
  const list = listOf(spec);
  return Object.fromEntries(
    Object.keys(spec.positionals).map((name, i) => [name, name === list ? given.slice(i) : given[i]]),
  );
}

/** The value of an option as the API takes it; what is not a number stays a string, so that the validation can quote it. */
function fromArgument(type: string, value: unknown): unknown {
  if (type !== 'number' || typeof value !== 'string' || value.trim() === '') return value;
  const number = Number(value);
  return Number.isNaN(number) ? value : number;
}

/** Throws for an option that does not exist, with the nearest that does, and for arguments too many. */
function checkUnknown(spec: CommandSpec, args: ArgumentsCamelCase<Arguments>): true {
  const ours = [...Object.keys(spec.options).map(kebab), ...outputFlags(spec)];
  const known = [...ours, 'verbose', 'help', HELP_ALL, 'version'];
  for (const key of Object.keys(args)) {
    const name = kebab(key);
    if (['_', '$0', 'h'].includes(key) || args[key] === undefined || known.includes(name)) continue;
    const near = suggestOption(name, known);
    const hint = near === undefined ? `See resnet-ft ${wordsOf(spec).join(' ')} --help` : `Did you mean --${near}?`;
    // eslint-disable-next-line no-restricted-syntax -- there is no value of what does not exist
    throw new ResnetFtError('INVALID_OPTION', `Unknown option ${name.length === 1 ? '-' : '--'}${name}`, { hint });
  }
  for (const [name, { type }] of Object.entries(spec.options)) {
    if (type !== 'boolean' && args[name] === false) {
      rejectUse(`Unknown option --no-${kebab(name)}`, `For its default leave --${kebab(name)} out`);
    }
  }
  const given = argumentsOf(spec, args);
  if (given.length < neededBy(spec)) throw usageError({ usage: spec.command, needs: spec.needs });
  const count = Object.keys(spec.positionals).length;
  if (listOf(spec) === undefined && given.length > count) {
    const expected = count === 0 ? 'no argument' : count === 1 ? 'one argument' : `${count} arguments`;
    rejectOption(expected, wordsOf(spec).join(' '), given);
  }
  return true;
}

function outputFlags(spec: CommandSpec): string[] {
  return [...(spec.json === undefined ? [] : ['json']), ...(spec.quiet === undefined ? [] : ['quiet'])];
}

const flagsOf = (options: OptionTable): string[] =>
  Object.keys(options)
    .filter((name) => options[name]?.type === 'boolean')
    .map(kebab);

/** Shows every option, those too that the help leaves out; made `--help` by {@link withHelpAll}. */
const HELP_ALL = 'help-all';

/** Whether the arguments ask for help, for which commands have their positionals: {@link Command}. */
export function asksForHelp(argv: readonly string[]): boolean {
  return beforeEnd(argv).some((word) => ['--help', '-h', `--${HELP_ALL}`].includes(word));
}

/** The arguments with `--help` where they ask for the help with all options. */
export function withHelpAll(argv: readonly string[]): string[] {
  return beforeEnd(argv).includes(`--${HELP_ALL}`) ? ['--help', ...argv] : [...argv];
}

/** How the help shows an option. */
function shownAs(option: OptionTable[string]): Options {
  const choices = 'choices' in option && option.choices !== undefined ? `: ${option.choices.join(', ')}` : '';
  // Of a switch that is off nobody needs to be told.
  const fallback = option.default === undefined || option.default === false ? '' : ` [default: ${option.default}]`;
  return {
    hidden: option.advanced === true,
    group: `${option.group}:`,
    describe: `${option.help}${choices}${fallback}`,
  };
}

/** What the help shows beside the options. */
function describeCommand(spec: CommandSpec, yargs: Argv): Argv {
  let built = yargs.usage(`$0 ${spec.command}\n\n${spec.describe}.`);
  for (const [name, describe] of Object.entries(spec.positionals)) {
    // Undefined, for yargs shows that of a list as [default: []].
    built = built.positional(name, { type: 'string', describe, default: undefined });
  }
  const more = Object.values(spec.options).filter((option) => option.advanced === true).length;
  if (more > 0) built = built.showHidden(HELP_ALL, `show the help with ${more} more options`);
  for (const [command, what] of spec.examples ?? []) built = built.example(`$0 ${command}`, what);
  return built;
}

/**
 * @param helping whether the help is asked for. Yargs makes its text of every command that it runs, in case that an error shows it: a tenth of
 *   a second for the options of `train`, for which they are hidden where nobody sees it
 */
function build(spec: CommandSpec, yargs: Argv, helping: boolean): Argv<Arguments> {
  let built = yargs.strict(false);
  if (helping) built = describeCommand(spec, built);
  for (const [name, option] of Object.entries(spec.options)) {
    const isFlag = option.type === 'boolean';
    built = built.option(kebab(name), {
      // Numbers are read as strings, so that an error can name what was typed.
      type: isFlag ? 'boolean' : 'string',
      requiresArg: !isFlag,
      ...(helping ? shownAs(option) : { hidden: true }),
    });
  }
  for (const flag of outputFlags(spec)) {
    const describe = (flag === 'json' ? spec.json : spec.quiet) ?? '';
    const shown = helping ? { group: 'Output:', describe } : { hidden: true };
    built = built.option(flag, { type: 'boolean', default: false, ...shown });
  }
  return built.check((args) => checkUnknown(spec, args));
}

async function run(spec: CommandSpec, args: ArgumentsCamelCase<Arguments>): Promise<void> {
  const options: Record<string, unknown> = {};
  for (const [name, { type }] of Object.entries(spec.options)) {
    if (args[name] !== undefined) options[name] = fromArgument(type, args[name]);
  }
  const watch = watchSignals();
  if (spec.inFiles?.(options) === true) resultsAreInFiles();
  else onOutputFailure(() => watch.stop());
  try {
    await spec.run(options, {
      positionals: positionalsOf(spec, args),
      json: args['json'] === true,
      quiet: args['quiet'] === true,
      verbose: args['verbose'] === true,
      signal: watch.signal,
      takeTime: () => watch.takeTime(),
    });
  } finally {
    watch.close();
  }
}

/** Makes a yargs command of a table of options; errors are thrown, the caller prints them. */
export function defineCommand(spec: CommandSpec): Command {
  return {
    usage: spec.command,
    listed: spec.command,
    needs: spec.needs,
    options: spec.options,
    flags: [...flagsOf(spec.options), ...outputFlags(spec)],
    command: wordsOf(spec).join(' '),
    describe: spec.describe,
    builder: (yargs: Argv, helping = false) => build(spec, yargs, helping),
    handler: (args) => run(spec, args),
  };
}
