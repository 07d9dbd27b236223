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

/** Every option of `calibrate`. */
export const CALIBRATE_OPTIONS = {
  forget: {
    type: 'boolean',
    default: false,
    group: MODEL,
    help: 'take the temperature out of the model again',
  },
  data: {
    type: 'string',
    expected: 'a folder',
    group: DATA,
    help: 'run the model over the validation images again, of the data set in this folder [default: what the run has kept of them, predictions.jsonl, if it is there]',
  },
  offline: { type: 'boolean', default: false, group: DATA, help: 'never download; use only what is already there' },
  ...BATCH_OPTION,
  ...MACHINE_OPTIONS,
} as const satisfies OptionTable;

/**
 * What `calibrate` takes: a model of `train`, and any of the options of the command line in camel case.
 *
 * @interface
 */
export type CalibrateOptions = { model: string } & GivenOptions<typeof CALIBRATE_OPTIONS>;

/** The options after defaults. */
export type ResolvedCalibrateOptions = { model: string } & ResolvedOptions<typeof CALIBRATE_OPTIONS>;

/**
 * Checks every option of `calibrate` and fills in the defaults.
 *
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolveCalibrateOptions(input: CalibrateOptions): ResolvedCalibrateOptions {
  requireOptions(input, 'the options of calibrate');
  const { model, ...given } = input;
  const options = {
    model: requireText('the folder of a run', 'model', model),
    ...resolveOptions(CALIBRATE_OPTIONS, given, 'calibrate'),
  };
  checkForget(CALIBRATE_OPTIONS, options);
  return options;
}
