import { BATCH_OPTION, DATA, MACHINE_OPTIONS, MODEL } from './common';
import { checkForget } from './forget';
import {
  requireOptions,
  requireText,
  resolveOptions,
  type GivenOptions,
  type OptionTable,
  type ResolvedOptions,
} from './spec';

/** Every option of `unknown`. */
export const UNKNOWN_OPTIONS = {
  keep: {
    type: 'number',
    above: 0,
    max: 1,
    default: 0.95,
    group: MODEL,
    help: 'share of the validation images that must still count as known: a smaller one finds more unknown images, and takes more known ones for unknown',
  },
  forget: {
    type: 'boolean',
    default: false,
    group: MODEL,
    help: 'take the threshold out of the model again',
  },
  data: {
    type: 'string',
    expected: 'a folder',
    group: DATA,
    help: 'where the data set of the run is now [default: where it was]',
  },
  offline: { type: 'boolean', default: false, group: DATA, help: 'never download; use only what is already there' },
  ...BATCH_OPTION,
  ...MACHINE_OPTIONS,
} as const satisfies OptionTable;

/**
 * What `fitUnknown` takes: a model of `train`, and any of the options of the command line in camel case.
 *
 * @interface
 */
export type UnknownOptions = { model: string } & GivenOptions<typeof UNKNOWN_OPTIONS>;

/** The options after defaults. */
export type ResolvedUnknownOptions = { model: string } & ResolvedOptions<typeof UNKNOWN_OPTIONS>;

/**
 * Checks every option of `unknown` and fills in the defaults.
 *
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolveUnknownOptions(input: UnknownOptions): ResolvedUnknownOptions {
  requireOptions(input, 'the options of unknown');
  const { model, ...given } = input;
  const options = {
    model: requireText('the folder of a run', 'model', model),
    ...resolveOptions(UNKNOWN_OPTIONS, given, 'unknown'),
  };
  checkForget(UNKNOWN_OPTIONS, options);
  return options;
}
