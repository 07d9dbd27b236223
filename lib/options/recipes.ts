import { rejectUse, type GivenOptions } from './spec';
import type { TRAIN_OPTIONS } from './train';
import { TRAIN_FROM } from './values';

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

/** The option with which `linear`, that trains nothing but `fc`, is at odds; undefined where there is none. */
export function againstLinear({ trainFrom = 'fc', headEpochs = 0 }: Given): string | undefined {
  // What is no module, or no number, is refused with all other options.
  if (trainFrom !== 'fc' && TRAIN_FROM.includes(trainFrom)) return `--train-from ${trainFrom}`;
  return headEpochs > 0 ? '--head-epochs' : undefined;
}

function linear(given: Given, stepsPerEpoch: number | undefined): Given {
  const { lr, lrHead, cropScale } = given;
  const against = againstLinear(given);
  if (against !== undefined) rejectUse(`${against} can't be used with --recipe linear, which trains fc alone`);
  // On crops that are another each time nothing can be held out and looked at again.
  const fixed = cropScale === undefined || cropScale === 'none';
  return {
    trainFrom: 'fc',
    momentum: 0.9,
    schedule: 'cosine',
    ...(fixed && lr === undefined && lrHead === undefined ? { chooseLr: true } : {}),
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
    ...finetuneRates(given),
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

/** How much faster the head is trained than the body. */
const HEAD_TO_BODY = 10;

/**
 * Of the body, and of the head: where one rate is given, the head has that many times as much. AdamW has a twentieth of SGD's (AutoGluon fine-tunes
 * at 1e-4).
 */
function finetuneRates({ lr, lrLayerDecay, trainFrom, optimizer }: Given): Given {
  const less = optimizer === 'adamw' ? 20 : 1;
  const own = { lr: 0.002 / less, lrHead: 0.02 / less };
  // A layer decay has a rate of its own for every stage.
  if (lrLayerDecay !== undefined) return { lr: own.lr };
  // There is no body: `--lr` is the rate of the head.
  if (trainFrom === 'fc') return { lr: own.lrHead };
  if (lr === undefined) return own;
  // An error about a rate that nobody gave would be none to act upon.
  return { lrHead: Math.min(lr * HEAD_TO_BODY, Number.MAX_VALUE) };
}

/** AdamW in place of SGD: its own weight decay, and betas in place of momentum. */
function withAdamW({ momentum, nesterov, weightDecay, ...rest }: Given): Given {
  return rest;
}
