import { DATA, DEFAULT_ARCHITECTURE, MACHINE, MACHINE_OPTIONS, MODEL, MODEL_OPTIONS, OUTPUT } from './common';
import { rejectOption, resolveOptions, type GivenOptions, type OptionTable, type ResolvedOptions } from './spec';

/** What `bench` can measure, in that order. The first that loads is the reference for the others. */
const BENCH_BACKENDS = ['native', 'native-cuda', 'js-wasm', 'js-cpu', 'onnxruntime'] as const;
/**
 * A backend as `--backends` names it.
 *
 * @useDeclaredType
 */
export type BenchBackend = (typeof BENCH_BACKENDS)[number];

/** What `js`, the name of the backend everywhere else, stands for here. */
const JS_KINDS: readonly string[] = ['js-wasm', 'js-cpu'];

const LARGEST_BATCH = 1024;
const MOST_BATCH_SIZES = 16;

/** Every option of `bench`. */
export const BENCH_OPTIONS = {
  model: {
    type: 'string',
    expected: 'a file, a folder or a name',
    group: MODEL,
    help: 'model file, folder of a run of train, or named weights; random weights of --arch if left out',
  },
  arch: { ...MODEL_OPTIONS.arch, help: `architecture of random or named weights [default: ${DEFAULT_ARCHITECTURE}]` },
  offline: MODEL_OPTIONS.offline,
  images: {
    type: 'string',
    expected: 'a folder',
    group: DATA,
    help: 'folder of images, with its sub-folders; made-up images if left out',
  },
  backends: {
    type: 'string',
    expected: `a list of any of ${[...BENCH_BACKENDS, 'js'].join(', ')}`,
    default: BENCH_BACKENDS.join(','),
    group: MACHINE,
    help: 'what to measure (js stands for js-wasm and js-cpu); what this machine lacks is reported and skipped',
  },
  batchSizes: {
    type: 'string',
    expected: `a list of at most ${MOST_BATCH_SIZES} whole numbers from 1 to ${LARGEST_BATCH}`,
    default: '1,8,32',
    group: MACHINE,
    help: 'batch sizes of inference',
  },
  threads: {
    ...MACHINE_OPTIONS.threads,
    help: 'number of threads of native and onnxruntime; they choose if left out (js is not affected)',
  },
  duration: {
    type: 'number',
    min: 0.05,
    max: 600,
    default: 3,
    group: MACHINE,
    help: 'seconds that each repeat of a measurement takes',
  },
  repeats: {
    type: 'number',
    integer: true,
    min: 1,
    max: 100,
    default: 3,
    group: MACHINE,
    help: 'repeats of each measurement; the report has their median and spread',
  },
  output: {
    type: 'string',
    pattern: /\.html?$/i,
    expected: 'a file name ending in .html',
    group: OUTPUT,
    help: 'also write an HTML page with bars, such as report.html; an existing file is replaced',
  },
} as const satisfies OptionTable;

/**
 * What `bench` takes: any of the options of the command line in camel case.
 *
 * @interface
 */
export type BenchOptions = GivenOptions<typeof BENCH_OPTIONS>;

/** The options after defaults; `backends` in the order of {@link BENCH_BACKENDS}, `batchSizes` ascending. */
export type ResolvedBenchOptions = { backends: BenchBackend[]; batchSizes: number[] } & Omit<
  ResolvedOptions<typeof BENCH_OPTIONS>,
  'backends' | 'batchSizes'
>;

/**
 * Checks every option of `bench` and fills in the defaults.
 *
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolveBenchOptions(input: BenchOptions): ResolvedBenchOptions {
  const options = resolveOptions(BENCH_OPTIONS, input, 'bench');
  const named = words(options.backends).flatMap((name) => (name === 'js' ? JS_KINDS : [name]));
  if (!named.every((name) => BENCH_BACKENDS.some((known) => known === name))) {
    rejectOption(BENCH_OPTIONS.backends.expected, '--backends', options.backends);
  }
  const sizes = words(options.batchSizes);
  const good = (word: string): boolean => /^\d+$/.test(word) && Number(word) >= 1 && Number(word) <= LARGEST_BATCH;
  if (sizes.length > MOST_BATCH_SIZES || !sizes.every(good)) {
    rejectOption(BENCH_OPTIONS.batchSizes.expected, '--batch-sizes', options.batchSizes);
  }
  return {
    ...options,
    backends: BENCH_BACKENDS.filter((name) => named.includes(name)),
    batchSizes: [...new Set(sizes.map(Number))].sort((a, b) => a - b),
  };
}

function words(list: string): string[] {
  return list.split(',').map((word) => word.trim());
}
