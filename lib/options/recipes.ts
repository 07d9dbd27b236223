import type { GivenOptions } from './spec';
import type { TRAIN_OPTIONS } from './train';

/** The recipes that a caller can name. */
export const RECIPES = ['tutorial', 'linear', 'finetune', 'auto'] as const;
/** A recipe whose options are known: `auto` becomes one of these. */
export type RecipeName = Exclude<(typeof RECIPES)[number], 'auto'>;

type Given = GivenOptions<typeof TRAIN_OPTIONS>;

/** Images of a step in the recipes, where nobody says otherwise. */
const BATCH = 64;

/** From so many training images on, fine-tuning mixes images and labels (BiT-HyperRule, Kolesnikov et al. 2020, does from 20,000). */
const MIXUP_FROM = 20_000;

/** Epochs that give `epochs`, but at least and at most so many steps. */
function epochsFor(epochs: number, [least, most]: readonly [number, number], stepsPerEpoch: number): number {
  const steps = Math.min(Math.max(epochs * stepsPerEpoch, least), most);
  return Math.max(1, Math.round(steps / stepsPerEpoch));
}

/** Steps of `linear` and of `finetune`, at least and at most. */
const LINEAR_STEPS = [300, 3000] as const;
const FINETUNE_STEPS = [500, 5000] as const;
/** Steps in which the head is trained alone. */
const HEAD_STEPS = [100, 500] as const;

/**
 * What a recipe has in place of the defaults. Whatever the caller gives wins, and where that is another optimizer, its own options are
 * left to it.
 *
 * - `tutorial`: the defaults, which are those of PyTorch's tutorial.
 * - `linear`: only `fc`, on features that are computed once, at a learning rate that is chosen on held-out images.
 * - `finetune`: `fc` alone first, on such features, then everything, by SGD with Nesterov momentum, the head ten times faster than the body, a
 *   warm-up, a cosine, and random resized crops. The rates lie between those of BiT-HyperRule (Kolesnikov et al. 2020: 0.003 at batches
 *   of 512, 500 steps for small sets) and of the Transfer-Learning-Library (Jiang et al.: 0.001 and 0.01); see docs/training.md.
 *
 * @param images of training; undefined where they are not known yet, and then nothing that depends on them is given
 */
export function recipeDefaults(recipe: RecipeName, given: Given, images?: number): Given {
  if (recipe === 'tutorial') return {};
  const batchSize = given.batchSize ?? BATCH;
  const stepsPerEpoch =
    images === undefined ? undefined : Math.max(1, Math.ceil(images / (batchSize * (given.accumulate ?? 1))));
  const own = recipe === 'linear' ? linear(given, stepsPerEpoch) : finetune(given, images, stepsPerEpoch);
  return given.optimizer === 'adamw' ? withAdamW(own) : own;
}

function linear({ lr, cropScale }: Given, stepsPerEpoch: number | undefined): Given {
  return {
    trainFrom: 'fc',
    momentum: 0.9,
    schedule: 'cosine',
    // On crops that are another each time nothing can be held out and looked at again.
    ...(lr === undefined && (cropScale === undefined || cropScale === 'none') ? { chooseLr: true } : {}),
    ...(stepsPerEpoch === undefined ? {} : { epochs: epochsFor(20, LINEAR_STEPS, stepsPerEpoch) }),
  };
}

function finetune(given: Given, images: number | undefined, stepsPerEpoch: number | undefined): Given {
  const whole = given.trainFrom === undefined || given.trainFrom === 'conv1';
  return {
    momentum: 0.9,
    ...(given.momentum === 0 ? {} : { nesterov: true }),
    weightDecay: 1e-4,
    ...(given.weightDecay === 0 ? {} : { decayNormBias: false }),
    lr: 0.002,
    // A layer decay has a rate of its own for every stage.
    ...(given.lrLayerDecay === undefined ? { lrHead: 0.02 } : {}),
    schedule: 'cosine',
    warmup: 0.05,
    // Features of frozen modules could not be kept with crops that are another each time.
    ...(whole ? { cropScale: '0.35..1' } : {}),
    ...(images !== undefined && images >= MIXUP_FROM ? { mixup: 0.1 } : {}),
    ...(stepsPerEpoch === undefined
      ? {}
      : {
          epochs: epochsFor(20, FINETUNE_STEPS, stepsPerEpoch),
          ...(given.trainFrom === 'fc' ? {} : { headEpochs: epochsFor(5, HEAD_STEPS, stepsPerEpoch) }),
        }),
  };
}

/** AdamW in place of SGD: a twentieth of its rates (AutoGluon fine-tunes at 1e-4), and its own weight decay. */
function withAdamW({ momentum, nesterov, weightDecay, lr, lrHead, ...rest }: Given): Given {
  return {
    ...rest,
    ...(lr === undefined ? {} : { lr: lr / 20 }),
    ...(lrHead === undefined ? {} : { lrHead: lrHead / 20 }),
  };
}
