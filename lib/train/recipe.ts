import type { OptimizerRecipe, Recipe } from '../backend/recipe';
import type { ResolvedTrainOptions } from '../options';
import { augmentationsOf } from './augmentations';
import { parameterGroups } from './parameter-groups';

type RecipeOptions = Omit<ResolvedTrainOptions, 'data'>;

/**
 * The tutorial's recipe with what the options change of it: SGD, cross entropy, and half of the images mirrored.
 *
 * @param classWeights of each class in the loss, or none
 */
export function recipeOf(options: RecipeOptions, classWeights: Float64Array = new Float64Array()): Recipe {
  const { seed, draws, decayNormBias, clipGrad = 0, ema = 0, labelSmoothing, sampling, cacheViews } = options;
  return {
    seed,
    draws,
    parameterGroups: parameterGroups(options),
    optimizer: optimizerOf(options),
    decayNormBias,
    clipGrad,
    ema,
    loss: { kind: 'cross-entropy', labelSmoothing, classWeights },
    sampling,
    augment: augmentationsOf(options),
    ...(cacheViews === undefined ? {} : { views: cacheViews }),
  };
}

function optimizerOf(options: RecipeOptions): OptimizerRecipe {
  const { optimizer, momentum, weightDecay, nesterov, beta1, beta2, eps } = options;
  if (optimizer === 'adamw') return { kind: 'adamw', beta1, beta2, eps, weightDecay };
  return { kind: 'sgd', momentum, weightDecay, nesterov };
}

/**
 * Numbers of the steps of a run, such as their learning rates.
 *
 * @param done steps before the first
 * @param steps how many
 * @returns for each step, of learning rates the rate of each parameter group
 */
export type Schedule = (done: number, steps: number) => Float64Array;
