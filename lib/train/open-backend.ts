import type { Backend, Recipe } from '../backend/types';
import { chooseDevice } from '../machine/device';
import type { Precision, ResolvedTrainOptions } from '../options';
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
 * @throws ResnetFtError what loading the backend throws; BACKEND_UNAVAILABLE or DEVICE_UNAVAILABLE for what it can't do
 */
export async function openTrainer(options: ResolvedTrainOptions, { emit }: RunControl): Promise<Trainer> {
  const { openBackend } = await import('../backend/registry.js');
  const backend = await openBackend(options.backend, emit);
  const recipe = recipeOf(options);
  requireCapabilities(backend, recipe, options);
  // A single `fc` has nothing to gain from bfloat16.
  const choice = chooseDevice(options, backend, options.trainFrom !== 'fc');
  emit({ kind: 'device', ...choice });
  return { backend, device: choice.device, precision: choice.precision, recipe };
}
