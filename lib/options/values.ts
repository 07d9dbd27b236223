/** Crop geometry and normalisation: what an image goes through before the network sees it. */
export interface Preprocessing {
  /** The short side becomes this many pixels. */
  readonly resize: number;
  /** Side of the centre square. */
  readonly crop: number;
  /** Per channel, of values in 0..1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Preprocessing of the tutorial's recipe (torchvision's ImageNet preset). */
export const PREPROCESSING: Preprocessing = {
  resize: 256,
  crop: 224,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** The architectures, by torchvision's names; what each consists of is in lib/network/architecture.ts. */
export const ARCHITECTURES = [
  'resnet18',
  'resnet34',
  'resnet50',
  'resnet101',
  'resnet152',
  'resnext50_32x4d',
  'resnext101_32x8d',
  'resnext101_64x4d',
  'wide_resnet50_2',
  'wide_resnet101_2',
] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** The modules from which training can start. */
export const TRAIN_FROM = ['conv1', 'layer1', 'layer2', 'layer3', 'layer4', 'fc'] as const;
export type TrainFrom = (typeof TRAIN_FROM)[number];

/** Where the random numbers of an epoch come from. */
export const DRAWS = ['torch', 'counter'] as const;

/** What can move the weights. */
export const OPTIMIZERS = ['sgd', 'adamw'] as const;
export type OptimizerName = (typeof OPTIMIZERS)[number];

/** How the learning rate can change over a run; torch.optim.lr_scheduler has all of them. */
export const SCHEDULES = ['constant', 'step', 'cosine', 'onecycle', 'linear'] as const;

/** Which images an epoch can go over. */
export const SAMPLING = ['shuffle', 'balanced'] as const;

/** The precisions that a caller can ask for. */
export const PRECISIONS = ['auto', 'fp32', 'bf16', 'fp64'] as const;
/** Arithmetic of a model. */
export type Precision = Exclude<(typeof PRECISIONS)[number], 'auto'>;

/** What computes: `auto` is native, and js where the machine has nothing for native. */
export const BACKENDS = ['auto', 'native', 'js'] as const;
