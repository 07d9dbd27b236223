/** How an image of any shape becomes a square. */
export const FITS = ['crop', 'pad', 'stretch'] as const;
export type Fit = (typeof FITS)[number];

/** Filters of a resize, by Pillow's names. */
export const INTERPOLATIONS = ['bilinear', 'bicubic'] as const;
export type Interpolation = (typeof INTERPOLATIONS)[number];

/** How an image becomes another size; what is left out is as in the tutorial. */
export interface Fitting {
  /**
   * `crop`, the default, is torchvision's Resize and CenterCrop; `pad` Pillow's `ImageOps.pad`, where the long side becomes that of the
   * square and the rest is black; `stretch` torchvision's Resize to both sides, whatever the shape was.
   */
  readonly fit?: Fit | undefined;
  /** Default `bilinear`. */
  readonly interpolation?: Interpolation | undefined;
}

/** What makes the square of an image that the network sees. */
export interface Geometry extends Fitting {
  /** The short side becomes this many pixels, where the image is cropped. */
  readonly resize: number;
  /** Side of the square. */
  readonly crop: number;
  /** Whether the image is first turned as its EXIF orientation says, as by Pillow's `ImageOps.exif_transpose`; default no. */
  readonly exifRotate?: boolean | undefined;
}

/** Geometry and normalisation: what an image goes through before the network sees it. */
export interface Preprocessing extends Geometry {
  /** Per channel, of values in 0..1. */
  readonly mean: readonly number[];
  /** Per channel, what the values are divided by once `mean` is taken off. */
  readonly std: readonly number[];
}

/** The geometry alone. */
export function geometryOf({ resize, crop, fit, interpolation, exifRotate }: Preprocessing): Geometry {
  return { resize, crop, fit, interpolation, exifRotate };
}

/** Sides of squares that a model may have: beyond any that a ResNet is used with, and a batch fits into memory. */
export const MOST_SIDE = 1024;
/** Sides that images may be resized to before the square is cut out. */
export const MOST_RESIZE = 2048;

/** What is subtracted from values between 0 and 1, and what they are divided by: 1 changes nothing. */
export const MEAN_RANGE = [0, 1] as const;
export const STD_RANGE = [1e-3, 1] as const;

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
/**
 * Name of an architecture, as torchvision's functions have it.
 *
 * @useDeclaredType
 */
export type Architecture = (typeof ARCHITECTURES)[number];

/** `ResNet-50`, as a person writes it. */
export function architectureName(arch: Architecture): string {
  return arch
    .replace(/^wide_resnet(\d+)_(\d+)$/, 'Wide ResNet-$1-$2')
    .replace(/^resnext(\d+)_(.+)$/, 'ResNeXt-$1 $2')
    .replace(/^resnet(\d+)$/, 'ResNet-$1');
}

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
export const PRECISIONS = ['auto', 'fp32', 'fp32-strict', 'bf16', 'fp64'] as const;
/** Arithmetic of a model. On a GPU `fp32` multiplies in TF32, of 10 bits of mantissa, and `fp32-strict` does not; elsewhere they are the same. */
export type Precision = Exclude<(typeof PRECISIONS)[number], 'auto'>;

/** What computes: `auto` is native, and js where the machine has nothing for native. */
export const BACKENDS = ['auto', 'native', 'js'] as const;
