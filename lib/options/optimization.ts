import { kebab, rejectOption, rejectUse, type RecipeTable, type ResolvedOptions } from './spec';
import { OPTIMIZERS, SAMPLING, SCHEDULES, type OptimizerName } from './values';

const RECIPE = 'Recipe';
const LOSS = 'Loss and sampling';
const SCHEDULE = 'Learning rate';

const TRAINS = { affects: 'training' } as const;

/** How `train` moves the weights: optimizer, schedule, loss. The defaults are the tutorial's recipe. */
export const OPTIMIZATION_OPTIONS = {
  batchSize: {
    type: 'number',
    integer: true,
    min: 1,
    max: 65536,
    default: 64,
    group: RECIPE,
    affects: 'result',
    help: 'images per batch',
  },
  accumulate: {
    type: 'number',
    integer: true,
    min: 1,
    max: 65536,
    default: 1,
    group: RECIPE,
    ...TRAINS,
    help: 'batches per optimizer step, whose gradients are added up: a large batch in the memory of a small one',
  },
  optimizer: {
    type: 'string',
    choices: OPTIMIZERS,
    default: 'sgd',
    group: RECIPE,
    ...TRAINS,
    help: 'what moves the weights',
  },
  momentum: { type: 'number', min: 0, default: 0.5, group: RECIPE, ...TRAINS, help: 'momentum of SGD' },
  nesterov: { type: 'boolean', default: false, group: RECIPE, ...TRAINS, help: 'Nesterov momentum' },
  beta1: { type: 'number', min: 0, below: 1, default: 0.9, group: RECIPE, ...TRAINS, help: 'first beta of AdamW' },
  beta2: { type: 'number', min: 0, below: 1, default: 0.999, group: RECIPE, ...TRAINS, help: 'second beta of AdamW' },
  eps: { type: 'number', above: 0, default: 1e-8, group: RECIPE, ...TRAINS, help: 'epsilon of AdamW' },
  weightDecay: {
    type: 'number',
    min: 0,
    group: RECIPE,
    ...TRAINS,
    help: 'weight decay [default: 0, or 0.01 with AdamW]',
  },
  decayNormBias: {
    type: 'boolean',
    default: true,
    group: RECIPE,
    ...TRAINS,
    help: 'weight decay for batch norms and biases too; --no-decay-norm-bias leaves them out',
  },
  clipGrad: {
    type: 'number',
    above: 0,
    group: RECIPE,
    ...TRAINS,
    help: 'greatest norm of all gradients together, to which they are scaled down [default: no limit]',
  },
  ema: {
    type: 'number',
    above: 0,
    below: 1,
    group: RECIPE,
    ...TRAINS,
    help: 'decay of a moving average of the weights, such as 0.99, which is then validated and saved in their place [default: none]',
  },
  lr: {
    type: 'number',
    min: 0,
    group: SCHEDULE,
    ...TRAINS,
    help: 'learning rate, the greatest of the schedule [default: 0.01, or 0.001 with AdamW]',
  },
  lrHead: { type: 'number', min: 0, group: SCHEDULE, ...TRAINS, help: 'learning rate of fc [default: --lr]' },
  lrLayerDecay: {
    type: 'number',
    above: 0,
    max: 1,
    default: 1,
    group: SCHEDULE,
    ...TRAINS,
    help: 'factor from the learning rate of each stage to that of the one before it, from fc (--lr) back to conv1',
  },
  schedule: {
    type: 'string',
    choices: SCHEDULES,
    default: 'constant',
    group: SCHEDULE,
    ...TRAINS,
    help: 'how the learning rate changes over the steps of the run',
  },
  warmup: {
    type: 'number',
    min: 0,
    group: SCHEDULE,
    ...TRAINS,
    help: 'steps in which the learning rate rises to --lr: a share of all steps below 1, else their number [default: 0, or 0.3 with onecycle]',
  },
  stepSize: {
    type: 'number',
    integer: true,
    min: 1,
    group: SCHEDULE,
    ...TRAINS,
    help: 'with --schedule step, epochs after which the learning rate falls, again and again',
  },
  gamma: {
    type: 'number',
    above: 0,
    default: 0.1,
    group: SCHEDULE,
    ...TRAINS,
    help: 'with --schedule step, the factor by which it falls',
  },
  finalLrFactor: {
    type: 'number',
    min: 0,
    max: 1,
    group: SCHEDULE,
    ...TRAINS,
    help: 'where cosine, linear and onecycle end, as a share of --lr [default: 0, or 0.000004 with onecycle]',
  },
  cycleMomentum: {
    type: 'boolean',
    default: false,
    group: SCHEDULE,
    ...TRAINS,
    help: 'with --schedule onecycle, momentum (of AdamW: beta1) between 0.95 and 0.85, against the learning rate',
  },
  labelSmoothing: {
    type: 'number',
    min: 0,
    max: 1,
    default: 0,
    group: LOSS,
    ...TRAINS,
    help: 'share of each label that is spread over all classes',
  },
  classWeights: {
    type: 'string',
    expected: 'balanced or a file',
    group: LOSS,
    ...TRAINS,
    help: 'weights of the classes in the loss: balanced for those against the number of images, or a file, of JSON or with a class and its weight on each line',
  },
  sampling: {
    type: 'string',
    choices: SAMPLING,
    default: 'shuffle',
    group: LOSS,
    ...TRAINS,
    help: 'images of an epoch: each once, or with balanced as many, but of every class equally often',
  },
} as const satisfies RecipeTable;

/** What the optimizers have for what an option leaves out: torch's for AdamW, the tutorial's for SGD. */
const DEFAULTS = {
  sgd: { lr: 0.01, weightDecay: 0 },
  adamw: { lr: 0.001, weightDecay: 0.01 },
} as const satisfies Record<OptimizerName, { lr: number; weightDecay: number }>;

/** Learning rate and weight decay that an optimizer has where no option says so. */
export function optimizerDefaults(optimizer: OptimizerName): { lr: number; weightDecay: number } {
  return DEFAULTS[optimizer];
}

type Optimization = ResolvedOptions<typeof OPTIMIZATION_OPTIONS>;

/** Options whose defaults depend on the optimizer, filled in. */
export function withOptimizerDefaults<T extends Pick<Optimization, 'optimizer' | 'lr' | 'weightDecay'>>(
  options: T,
): T & { lr: number; weightDecay: number } {
  const { lr, weightDecay } = optimizerDefaults(options.optimizer);
  return { ...options, lr: options.lr ?? lr, weightDecay: options.weightDecay ?? weightDecay };
}

/**
 * Refuses options that do nothing, or nothing sensible, beside the others. A value that is the default is never refused: options that were
 * filled in may be given again.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function checkOptimization(options: Optimization): void {
  requireOptimizer(options);
  requireSchedule(options);
  const { decayNormBias, weightDecay } = options;
  if (!decayNormBias && weightDecay === 0) {
    rejectUse('--no-decay-norm-bias needs a --weight-decay above 0');
  }
}

function requireOptimizer({ optimizer, momentum, nesterov, beta1, beta2, eps }: Optimization): void {
  if (optimizer === 'sgd') {
    if (nesterov && momentum === 0) rejectUse('--nesterov needs a --momentum above 0');
    refuse('beta1', beta1, 'needs --optimizer adamw');
    refuse('beta2', beta2, 'needs --optimizer adamw');
    refuse('eps', eps, 'needs --optimizer adamw');
  } else {
    refuse('momentum', momentum, "can't be used with --optimizer adamw, which has --beta1");
    refuse('nesterov', nesterov, "can't be used with --optimizer adamw");
  }
}

function requireSchedule(options: Optimization): void {
  const { schedule, warmup, stepSize, gamma, finalLrFactor, cycleMomentum, optimizer, momentum } = options;
  if (warmup !== undefined && warmup > 1 && !Number.isInteger(warmup)) {
    rejectOption('a share below 1, or a whole number of steps', '--warmup', warmup);
  }
  if (schedule === 'step') {
    if (stepSize === undefined) rejectUse('--schedule step needs --step-size, a number of epochs');
  } else {
    refuse('stepSize', stepSize, 'needs --schedule step');
    refuse('gamma', gamma, 'needs --schedule step');
  }
  if (schedule === 'constant' || schedule === 'step') {
    refuse('finalLrFactor', finalLrFactor, 'needs --schedule cosine, linear or onecycle');
  }
  if (schedule !== 'onecycle') refuse('cycleMomentum', cycleMomentum, 'needs --schedule onecycle');
  else if (cycleMomentum && optimizer === 'sgd' && momentum === 0) {
    rejectUse('--cycle-momentum needs a --momentum above 0');
  }
}

type Name = keyof typeof OPTIMIZATION_OPTIONS;

/** Refuses any value but the default of an option, for a reason that goes on the sentence that its name begins. */
function refuse(name: Name, value: unknown, reason: string): void {
  const spec = OPTIMIZATION_OPTIONS[name];
  if (value === ('default' in spec ? spec.default : undefined)) return;
  rejectUse(`--${kebab(name)} ${reason}`);
}
