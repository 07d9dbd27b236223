import type { Recipe } from '../backend/types';
import type { ResolvedTrainOptions } from '../options';
import { augmentationsOf } from './augmentations';

type RecipeOptions = Omit<ResolvedTrainOptions, 'data'>;

/** The tutorial's recipe with what the options change of it: SGD, cross entropy, and half of the images mirrored. */
export function recipeOf(options: RecipeOptions): Recipe {
  const { seed, draws, trainFrom, momentum, weightDecay, nesterov, cacheViews } = options;
  return {
    seed,
    draws,
    parameterGroups: [{ from: trainFrom }],
    optimizer: { kind: 'sgd', momentum, weightDecay, nesterov },
    loss: { kind: 'cross-entropy' },
    augment: augmentationsOf(options),
    ...(cacheViews === undefined ? {} : { views: cacheViews }),
  };
}

/**
 * Learning rates of the steps of a run.
 *
 * @param done steps before the first
 * @param steps how many
 * @returns for each step the rate of each parameter group
 */
export type Schedule = (done: number, steps: number) => Float64Array;

/** The same rate in every step, for one parameter group. */
export function constantRate(rate: number): Schedule {
  return (_done, steps) => new Float64Array(steps).fill(rate);
}
