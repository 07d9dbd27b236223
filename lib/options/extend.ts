import { MODEL } from './common';
import { rejectUse, type RecipeTable } from './spec';

/** Another way to start: the model of an earlier run, whose classes change. */
export const EXTEND_OPTION = {
  extend: {
    type: 'string',
    expected: 'the folder of a run, or its model file',
    group: MODEL,
    affects: 'start',
    help: 'start from the model of an earlier run, in place of --weights: the classes that it knows stay known, new ones are added',
  },
} as const satisfies RecipeTable;

/**
 * Settles what weights a run starts from that extends a model: those of the model, so that `weights` tells where a run started from
 * in either case.
 *
 * @param given the weights that were asked for; undefined where they were left out
 * @throws ResnetFtError INVALID_OPTION for others
 */
export function settleExtend<T extends { extend: string | undefined; weights: string }>(
  options: T,
  given: string | undefined,
): T {
  const { extend } = options;
  if (extend === undefined) return options;
  if (given !== undefined && given !== extend) rejectUse("--weights can't be used with --extend");
  return { ...options, weights: extend };
}
