import type { DRAWS, SAMPLING, TrainFrom } from '../options';
import type { Augmentation } from './augmentations';

// How weights are trained, as it crosses the border: made in lib/train/recipe.ts, read in native/addon/recipe.cpp and lib/backend/js/recipe.ts.

/** torch.optim.SGD. */
export interface SgdRecipe {
  kind: 'sgd';
  momentum: number;
  weightDecay: number;
  nesterov: boolean;
}

/** torch.optim.AdamW. */
export interface AdamWRecipe {
  kind: 'adamw';
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
}

/** What moves the weights. */
export type OptimizerRecipe = SgdRecipe | AdamWRecipe;

/** What training makes small: torch's cross_entropy, its mean over the images of a step. Validation has neither smoothing nor weights. */
export interface LossRecipe {
  kind: 'cross-entropy';
  /** 0..1 */
  labelSmoothing: number;
  /** Of each class, above 0; none: 1 each. */
  classWeights: Float64Array;
}

/** Weights that share a learning rate. */
export interface ParameterGroup {
  /** The group's weights are those of this module and of all after it, up to the next group's. */
  from: TrainFrom;
}

/**
 * All that decides how weights are trained. It crosses the border whole, when a session is made; only the learning rates of its steps
 * come with each pass.
 */
export interface Recipe {
  /** Of the initial weights, the order and the augmentations. */
  seed: number;
  /**
   * Where order and augmentations are drawn from: `torch` is torch's own stream of random numbers, as in the tutorial; with `counter`
   * each number depends on seed, epoch and sample alone.
   */
  draws: (typeof DRAWS)[number];
  /** One or more, from the input to the output; what stands before the first is frozen. */
  parameterGroups: readonly ParameterGroup[];
  optimizer: OptimizerRecipe;
  /** Whether weight decay is for the weights of batch norms and for biases too. */
  decayNormBias: boolean;
  /** The greatest L2 norm of all gradients together, to which they are scaled down (clip_grad_norm_); 0: any. */
  clipGrad: number;
  /**
   * Decay of the moving average of the weights over the steps (torch.optim.swa_utils.AveragedModel with its EMA and `use_buffers`): 0..1,
   * 0 keeps none. The average is what is then validated, kept and saved.
   */
  ema: number;
  loss: LossRecipe;
  /** Each sample once in an epoch; or `balanced`, as many as there are, every class equally often, with replacement, by counter. */
  sampling: (typeof SAMPLING)[number];
  /** In the order in which they are applied, each kind once. All but horizontal flips need draws by counter. */
  augment: readonly Augmentation[];
  /**
   * Each image is shown in so many ways only, drawn once, by where it lies in its store: epoch e shows way e mod `views`. As many as there are
   * epochs where left out.
   */
  views?: number;
}
