import { BATCH_OPTION, DATA, MACHINE_OPTIONS, MODEL_OPTIONS, OUTPUT } from './common';
import { bytesOf, SIZE_PATTERN } from './size';
import {
  rejectOption,
  requireOptions,
  requireText,
  resolveOptions,
  type GivenOptions,
  type OptionTable,
  type ResolvedOptions,
} from './spec';

const SERVER = 'Server';
const LIMITS = 'Limits';

/** Every option of `serve`. */
export const SERVE_OPTIONS = {
  host: {
    type: 'string',
    expected: 'an address or a name of this machine',
    default: '127.0.0.1',
    group: SERVER,
    help: 'address to listen at; 0.0.0.0 is every one of this machine, and then anyone who reaches it can use it',
  },
  port: {
    type: 'number',
    integer: true,
    min: 0,
    max: 65535,
    default: 8080,
    group: SERVER,
    help: 'port to listen at; 0 for any that is free',
  },
  hostNames: {
    type: 'string',
    pattern: /^[^\s,/:@]+(,[^\s,/:@]+)*$/,
    expected: 'names with commas between them',
    group: SERVER,
    help: 'names by which the server is called, with commas between: those of a proxy before it, or of this machine; any other name is refused',
  },
  corrections: {
    type: 'string',
    expected: 'a folder',
    group: DATA,
    help: 'folder for images whose class was corrected on the page, one sub-folder per class, for the next training; nothing is kept if left out',
  },
  ...MODEL_OPTIONS,
  topK: {
    type: 'number',
    integer: true,
    min: 1,
    default: 5,
    group: OUTPUT,
    help: 'number of classes in an answer, the most probable first; all if the model has fewer',
  },
  ...BATCH_OPTION,
  batchWait: {
    type: 'number',
    min: 0,
    max: 10_000,
    default: 5,
    group: LIMITS,
    help: 'milliseconds that an image waits for others that are on their way, to be in one batch with them',
  },
  queue: {
    type: 'number',
    integer: true,
    min: 1,
    max: 65536,
    default: 256,
    group: LIMITS,
    help: 'images that may wait or be worked on; more are refused (503)',
  },
  maxBody: {
    type: 'string',
    pattern: SIZE_PATTERN,
    expected: 'a size such as 32MB',
    default: '32MB',
    group: LIMITS,
    help: 'size of a request; larger ones are refused (413)',
  },
  maxPixels: {
    type: 'number',
    integer: true,
    min: 1,
    default: 64_000_000,
    group: LIMITS,
    help: 'pixels of an image, width times height; larger ones are refused (413)',
  },
  timeout: {
    type: 'number',
    above: 0,
    max: 86_400,
    default: 30,
    group: LIMITS,
    help: 'seconds that a request may take to arrive (408), and then to be answered (503)',
  },
  ...MACHINE_OPTIONS,
} as const satisfies OptionTable;

/**
 * What `serveModel` takes: a model, and any of the options of the command line in camel case.
 *
 * @interface
 */
export type ServeOptions = {
  /** A file of weights, the folder of a run, or named weights. */
  model: string;
} & GivenOptions<typeof SERVE_OPTIONS>;

/** The options after defaults; `maxBody` in bytes. */
export type ResolvedServeOptions = { model: string; maxBody: number; hostNames: string[] } & Omit<
  ResolvedOptions<typeof SERVE_OPTIONS>,
  'maxBody' | 'hostNames'
>;

/**
 * Checks every option of `serve` and fills in the defaults.
 *
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolveServeOptions(input: ServeOptions): ResolvedServeOptions {
  requireOptions(input, 'the options of serveModel');
  const { model, ...given } = input;
  const options = resolveOptions(SERVE_OPTIONS, given, 'serve');
  const maxBody = bytesOf(options.maxBody);
  if (maxBody < 1) rejectOption('a size above 0', '--max-body', options.maxBody);
  return {
    ...options,
    model: requireText('a file, a folder or a name', 'model', model),
    maxBody,
    hostNames: options.hostNames?.split(',') ?? [],
  };
}
