import type { TrainingSession } from '../backend/types';
import { plainAugmentation, type ResolvedTrainOptions } from '../options';
import { featureCache, featureMemory } from './feature-room';
import { createSession } from './open-session';
import type { OpenTraining } from './open-training';
import { recipeOf } from './recipe';

/** The options of what is trained on images without augmentation, but for mirroring. */
export const withoutAugmentation = (options: ResolvedTrainOptions): ResolvedTrainOptions => ({
  ...options,
  ...plainAugmentation(options),
});

/**
 * A session of its own that has a run's weights, and trains on images whose features are computed once, in the run's precision. The caller
 * closes it.
 *
 * @param options without augmentation
 */
export async function plainSession(
  { parts, session }: Pick<OpenTraining, 'parts' | 'session'>,
  options: ResolvedTrainOptions,
): Promise<TrainingSession> {
  const { recipe } = parts.trainer;
  const trainer = { ...parts.trainer, recipe: recipeOf(options, recipe.loss.classWeights) };
  const features = await featureCache(options, trainer, parts.folder, featureMemory(options, trainer), 0);
  const own = await createSession({ ...parts, options, trainer }, features);
  try {
    await own.loadStateDict((await session.stateDict()).map((tensor) => ({ ...tensor, lent: true })));
    return own;
  } catch (error) {
    await own.close();
    throw error;
  }
}
