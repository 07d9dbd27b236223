import type { Argv } from 'yargs';
import { skipDestructors } from '../backend/native/exit';
import { packageRoot } from '../machine/root';
import { oneLine, ResnetFtError } from '../errors';
import { reasonOf } from '../files/reason';
import { tell } from '../text/terminal';
import { packageVersion } from '../machine/version';
import { TeamFailure } from '../team/launch';
import { leaveWithLauncher, reportToLauncher } from '../team/report';
import { asksForHelp, withHelpAll, type Command } from './command';
import { benchCommand } from './bench';
import { buildCommand } from './build';
import { calibrateCommand } from './calibrate';
import { checkCommand } from './check';
import {
  beforeEnd,
  calledCommand,
  helpFor,
  noCommand,
  refuseFlagValues,
  refuseMissingValue,
  refuseOddDashes,
  withoutWords,
} from './command-line';
import { compareCommand } from './compare';
import { dataCommand } from './data';
import { doctorCommand } from './doctor';
import { evalCommand } from './eval';
import { explainCommand } from './explain';
import { exportCommand } from './export';
import { libtorchCommand } from './libtorch';
import { lrFindCommand } from './lr-find';
import { predictCommand } from './predict';
import { reportCommand } from './report';
import { serveCommand } from './serve';
import { stopCode } from './stop';
import { settleOutput, watchStreams } from './streams';
import { summaryCommand } from './summary';
import { trainCommand } from './train';
import { unknownCommand } from './unknown';
import { weightsCommand } from './weights';

const COMMANDS: Command[] = [
  trainCommand,
  checkCommand,
  evalCommand,
  predictCommand,
  explainCommand,
  serveCommand,
  unknownCommand,
  calibrateCommand,
  compareCommand,
  reportCommand,
  lrFindCommand,
  summaryCommand,
  exportCommand,
  weightsCommand,
  dataCommand,
  libtorchCommand,
  buildCommand,
  doctorCommand,
  benchCommand,
];

const VERBOSE =
  'show the stack of an error; with serve also each request, with predict why the CPU was taken for few images';

const NAME_A_COMMAND = `Name a command: ${COMMANDS.map(({ command }) => String(command).split(' ')[0]).join(', ')}`;

/** A command line that can't be understood. */
class UsageError extends Error {}

/** `message. hint.` on one line, with the program's name before it. */
function describe(error: unknown, argv: readonly string[]): { line: string; code: number } {
  const help = (message: string): string => helpFor(message, calledCommand(argv, COMMANDS));
  if (error instanceof UsageError) {
    const { message } = error;
    return {
      line: `${message.replace(/[.?]$/, '')}${message.endsWith('?') ? '?' : '.'} ${help(message)}`,
      code: 2,
    };
  }
  if (error instanceof ResnetFtError) {
    const hint = error.hint ?? (error.code === 'INVALID_OPTION' ? help(error.message) : undefined);
    const line = hint === undefined ? error.message : `${error.message.replace(/\.$/, '')}. ${hint}`;
    return { line, code: error.code === 'INVALID_OPTION' ? 2 : error.code === 'ABORTED' ? stopCode() : 1 };
  }
  if (error instanceof TeamFailure) return { line: error.message, code: error.exitCode };
  if ((error as NodeJS.ErrnoException).syscall === 'uv_cwd') {
    return {
      line: 'the working directory was removed: change to another, or name files and folders by absolute paths',
      code: 1,
    };
  }
  // Of a file that nobody expected to fail: Node.js tells which.
  if (isOfFile(error)) return { line: oneLine(`${error.path}: ${reasonOf(error)}`), code: 1 };
  // What native code says of memory, a device or a file is an error like ours, though no instance of our class.
  if (error instanceof Error && (error as NodeJS.ErrnoException).code === 'NATIVE_ERROR') {
    return { line: oneLine(error.message), code: 1 };
  }
  return { line: `unexpected error: ${oneLine(error instanceof Error ? error.message : String(error))}`, code: 1 };
}

const isOfFile = (error: unknown): error is NodeJS.ErrnoException & { path: string } =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).path === 'string' && 'syscall' in error;

/** Writes the error as one line, with the stack where `--verbose` asks for it, and sets the exit code. */
function report(error: unknown, argv: readonly string[]): void {
  const { line, code } = describe(error, argv);
  const lost = error instanceof ResnetFtError && error.code === 'TEAM_LOST';
  if (!reportToLauncher({ line, code, lost })) tell(`resnet-ft: ${line}`);
  // A stop that was asked for has no place where it went wrong.
  const stopped = error instanceof ResnetFtError && error.code === 'ABORTED';
  if (argv.includes('--verbose') && !stopped) {
    for (let cause = error; cause instanceof Error; cause = cause.cause) `${cause.stack}`.split('\n').forEach(tell);
  }
  process.exitCode = code;
}

/** Runs the command line; errors end up on standard error and in the exit code. */
export async function main(given: string[]): Promise<void> {
  const argv = withoutWords(given);
  watchStreams();
  skipDestructors();
  leaveWithLauncher();
  // What is thrown where nobody waits for it, as within Node.js itself where memory is short, is told like any error.
  process.on('uncaughtException', (error: unknown) => {
    report(error, argv);
    process.exit();
  });
  let caught: unknown;
  try {
    await runCommand(argv);
  } catch (error) {
    caught = error ?? new Error('unknown error');
  }
  const end = await settleOutput(caught);
  if (end === undefined) return;
  if ('code' in end) process.exitCode = end.code;
  else report(end.error, argv);
  if (end.unread) process.exit();
}

/** What follows `--` is an argument of a command, and never one. */
function requireCommand(argv: readonly string[]): void {
  if (!argv.includes('--') || beforeEnd(argv).some((word) => !word.startsWith('-'))) return;
  if (!asksForHelp(argv) && !beforeEnd(argv).includes('--version')) throw new UsageError(NAME_A_COMMAND);
}

/** yargs looks options up in plain objects, and what these have by themselves is no option. */
function refuseObjectNames(argv: readonly string[]): void {
  for (const word of beforeEnd(argv)) {
    const name = /^--(?:no-)?([^=.]+)/.exec(word)?.[1];
    const camel = name?.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()) ?? '';
    if (name !== undefined && (name in Object.prototype || camel in Object.prototype))
      throw new UsageError(`Unknown option --${name}`);
  }
}

async function runCommand(argv: string[]): Promise<void> {
  refuseObjectNames(argv);
  requireCommand(argv);
  refuseOddDashes(argv, calledCommand(argv, COMMANDS));
  refuseFlagValues(argv, calledCommand(argv, COMMANDS));
  const { default: yargs } = await import('yargs');
  const parser: Argv = yargs(withHelpAll(argv), packageRoot())
    .scriptName('resnet-ft')
    .usage('$0 <command>\n\nFine-tune a ResNet on your own folder of images.')
    .locale('en')
    .parserConfiguration({ 'duplicate-arguments-array': false, 'parse-positional-numbers': false })
    .command(asksForHelp(argv) ? COMMANDS.map((command) => ({ ...command, command: command.listed })) : COMMANDS)
    .option('verbose', { type: 'boolean', default: false, describe: VERBOSE })
    .demandCommand(1, NAME_A_COMMAND)
    .strict()
    .recommendCommands()
    .version(packageVersion())
    .help()
    .alias('help', 'h')
    .wrap(Math.min(110, process.stdout.columns ?? 100))
    .exitProcess(false)
    .updateStrings({ string: 'value', 'Show help': 'show help', 'Show version number': 'show the version' })
    .fail((message: string | null, error: Error | undefined) => {
      refuseMissingValue(message ?? '', calledCommand(argv, COMMANDS));
      throw error instanceof ResnetFtError || message == null
        ? (error ?? new UsageError('unknown error'))
        : new UsageError(noCommand(message, argv) ?? message);
    });
  await parser.parseAsync();
}
