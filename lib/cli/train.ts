import type { Argv, ArgumentsCamelCase, CommandModule } from 'yargs';
import { ResnetFtError } from '../errors';
import { TRAIN_OPTIONS, kebab, type TrainOptions } from '../options';
import { suggest } from './suggest';

type Arguments = { data: string; json: boolean; quiet: boolean } & Record<string, unknown>;

interface Shown {
  type: 'number' | 'string' | 'boolean';
  help: string;
  group: string;
  default?: number | string | boolean;
  choices?: readonly string[];
}

const GLOBAL = ['json', 'quiet', 'verbose', 'help', 'version'];

/** The value of an option as the API takes it; what is no number stays a string, for the validation to name it. */
function fromArgument(type: string, value: unknown): unknown {
  if (type !== 'number' || typeof value !== 'string' || value.trim() === '') return value;
  const number = Number(value);
  return Number.isNaN(number) ? value : number;
}

/** Throws for an option that does not exist, with the nearest that does. */
function checkUnknown(args: ArgumentsCamelCase<Arguments>): true {
  const known = [...Object.keys(TRAIN_OPTIONS).map(kebab), ...GLOBAL];
  for (const key of Object.keys(args)) {
    const name = kebab(key);
    if (['_', '$0', 'data', 'h'].includes(key) || known.includes(name)) continue;
    const near = suggest(name, known);
    const hint = near === undefined ? 'See resnet-ft train --help' : `Did you mean --${near}?`;
    throw new ResnetFtError('INVALID_OPTION', `Unknown option --${name}`, { hint });
  }
  const extra = args._.slice(1);
  if (extra.length > 0) {
    throw new ResnetFtError('INVALID_OPTION', `Expected one folder but received also ${extra.join(' ')}`);
  }
  return true;
}

function builder(yargs: Argv): Argv<Arguments> {
  let built = yargs
    .strict(false)
    .usage('$0 train <data>\n\nFine-tune a ResNet on a folder with train/ and val/, each with one folder per class.')
    .positional('data', { type: 'string', demandOption: true, describe: 'folder of images' });
  for (const [name, spec] of Object.entries(TRAIN_OPTIONS) as [string, Shown][]) {
    const values = spec.choices === undefined ? '' : `: ${spec.choices.join(', ')}`;
    const fallback = spec.default === undefined ? '' : ` [default: ${String(spec.default)}]`;
    const describe = `${spec.help}${values}${spec.type === 'boolean' ? '' : fallback}`;
    // Numbers are read as strings, so that an error can name what was typed.
    built = built.option(kebab(name), {
      type: spec.type === 'boolean' ? 'boolean' : 'string',
      requiresArg: spec.type !== 'boolean',
      group: `${spec.group}:`,
      describe,
    });
  }
  return built
    .option('json', { type: 'boolean', default: false, group: 'Output:', describe: 'print one JSON record a line' })
    .option('quiet', { type: 'boolean', default: false, group: 'Output:', describe: 'print only the last line' })
    .example('$0 train photos --val-split 0.2 --epochs 10', 'one folder of classes, a fifth kept for validation')
    .check((args) => checkUnknown(args));
}

async function handler(args: ArgumentsCamelCase<Arguments>): Promise<void> {
  const options: Record<string, unknown> = { data: String(args.data) };
  for (const [name, spec] of Object.entries(TRAIN_OPTIONS)) {
    const value: unknown = args[name];
    if (value !== undefined) options[name] = fromArgument(spec.type, value);
  }
  const { train } = await import('../train/train.js');
  const { createDisplay } = await import('./progress.js');
  const display = createDisplay({ json: args.json, quiet: args.quiet });
  const abort = new AbortController();
  const stop = (): void => {
    if (abort.signal.aborted) process.exit(130);
    abort.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await train(options as TrainOptions, { signal: abort.signal, onEvent: (event) => display.show(event) });
  } finally {
    display.close();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** `resnet-ft train <data>`: errors are thrown, the caller prints them. */
export const trainCommand: CommandModule<object, Arguments> = {
  command: 'train <data>',
  describe: 'Fine-tune a ResNet on a folder of images',
  builder,
  handler,
};
