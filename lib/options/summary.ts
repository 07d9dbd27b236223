import { DEFAULT_ARCHITECTURE, MODEL } from './common';
import {
  rejectUse,
  requireOptions,
  requireText,
  resolveOptions,
  type GivenOptions,
  type OptionTable,
  type ResolvedOptions,
} from './spec';
import { ARCHITECTURES, TRAIN_FROM } from './values';

/** Every option of `summary`. */
export const SUMMARY_OPTIONS = {
  arch: {
    type: 'string',
    choices: ARCHITECTURES,
    group: MODEL,
    help: `architecture, if no model file says [default: ${DEFAULT_ARCHITECTURE}]`,
  },
  outputs: {
    type: 'number',
    integer: true,
    min: 1,
    max: 1_000_000,
    group: MODEL,
    help: 'number of outputs of fc, if no model is given [default: 1000]',
  },
  trainFrom: {
    type: 'string',
    choices: TRAIN_FROM,
    default: 'conv1',
    group: MODEL,
    help: 'what --table and --json count as trained: this module and all after it',
  },
} as const satisfies OptionTable;

/**
 * What `summary` takes: a model, or an architecture, and any of the options of the command line in camel case.
 *
 * @interface
 */
export type SummaryOptions = { model?: string | undefined } & GivenOptions<typeof SUMMARY_OPTIONS>;

/** The options after defaults. */
export type ResolvedSummaryOptions = { model: string | undefined } & ResolvedOptions<typeof SUMMARY_OPTIONS>;

/**
 * Checks every option of `summary` and fills in the defaults.
 *
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolveSummaryOptions(input: SummaryOptions): ResolvedSummaryOptions {
  requireOptions(input, 'the options of summary');
  const { model, ...given } = input;
  const options = {
    model: model === undefined ? undefined : requireText('a file, a folder or a name', 'model', model),
    ...resolveOptions(SUMMARY_OPTIONS, given, 'summary'),
  };
  if (options.model !== undefined && options.outputs !== undefined) {
    rejectUse("--outputs can't be used with a model, which has its own");
  }
  return options;
}
