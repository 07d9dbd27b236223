import type { Recipe } from '../backend/recipe';
import type { Backend } from '../backend/types';
import type { Dataset } from '../data/dataset';
import { chooseDevice } from '../machine/device';
import type { Precision, ResolvedTrainOptions } from '../options';
import { readClassWeights } from './class-weights';
import { requireCapabilities } from './capabilities';
import { recipeOf } from './recipe';
import type { RunControl } from './run';

/** What trains, where, in which arithmetic, and by which recipe. */
export interface Trainer {
  backend: Backend;
  device: string;
  precision: Precision;
  recipe: Recipe;
}

/**
 * Loads the backend, and settles where it computes what.
 *
 * @param recorded the weights of the classes that a run which goes on has in its loss, where its folder tells them
 * @throws ResnetFtError what reading class weights and loading the backend throw; BACKEND_UNAVAILABLE or DEVICE_UNAVAILABLE for what it can't do
 */
export async function openTrainer(
  options: ResolvedTrainOptions,
  dataset: Pick<Dataset, 'classes' | 'train'>,
  { emit }: RunControl,
  recorded?: readonly number[],
): Promise<Trainer> {
  const weights =
    recorded === undefined ? await readClassWeights(options.classWeights, dataset) : Float64Array.from(recorded);
  const recipe = recipeOf(options, weights);
  const { openBackend } = await import('../backend/registry.js');
  const backend = await openBackend(options.backend, emit, options.device);
  requireCapabilities(backend, recipe, options);
  // A single `fc` has nothing to gain from bfloat16.
  const choice = chooseDevice(options, backend, options.trainFrom !== 'fc');
  emit({ kind: 'device', ...choice });
  return { backend, device: choice.device, precision: choice.precision, recipe };
}
