// What may be done to training images before the network sees them: each by torchvision's name, and with its meaning.

/** RandomHorizontalFlip. */
export interface HorizontalFlip {
  kind: 'horizontal-flip';
  /** 0..1 */
  probability: number;
}

/** RandomVerticalFlip. */
export interface VerticalFlip {
  kind: 'vertical-flip';
  /** 0..1 */
  probability: number;
}

/** RandomResizedCrop: of images in an `ImageStore`. */
export interface RandomResizedCrop {
  kind: 'random-resized-crop';
  /** Share of the image's area, 0..1. */
  leastScale: number;
  mostScale: number;
  /** Width divided by height. */
  leastRatio: number;
  mostRatio: number;
}

/** How an image is turned, moved or sheared. */
export interface WarpStyle {
  interpolation: 'nearest' | 'bilinear';
  /** Red, green and blue, 0..255, of where there is no image. */
  fill: readonly [number, number, number];
}

/** RandomRotation, from -degrees to degrees. */
export interface Rotation extends WarpStyle {
  kind: 'rotation';
  degrees: number;
}

/** RandomAffine, around the centre. */
export interface Affine extends WarpStyle {
  kind: 'affine';
  /** Turned from -degrees to degrees. */
  degrees: number;
  /** Moved by at most this share of width and height, to either side. */
  translateX: number;
  translateY: number;
  leastScale: number;
  mostScale: number;
  /** Sheared along x from -shear to shear, in degrees. */
  shear: number;
}

/** ColorJitter: factors of 1 - x to 1 + x, and a hue of -hue to hue turns (at most 0.5). */
export interface ColorJitter {
  kind: 'color-jitter';
  brightness: number;
  contrast: number;
  saturation: number;
  hue: number;
}

/** RandomGrayscale. */
export interface Grayscale {
  kind: 'grayscale';
  /** 0..1 */
  probability: number;
}

/** RandAugment: so many operations, each of the same magnitude of 0 to 30. */
export interface RandAugment extends WarpStyle {
  kind: 'rand-augment';
  operations: number;
  magnitude: number;
}

/** TrivialAugmentWide: one operation of any magnitude. */
export interface TrivialAugment extends WarpStyle {
  kind: 'trivial-augment';
}

/** RandomErasing of the normalised image, with 0. */
export interface RandomErasing {
  kind: 'random-erasing';
  /** 0..1 */
  probability: number;
}

/** MixUp or CutMix of each batch with itself, rolled by one; where a recipe has both, one of them is drawn for each batch. */
export interface Mix {
  kind: 'mixup' | 'cutmix';
  /** Of the distribution Beta(alpha, alpha), above 0. */
  alpha: number;
}

/** What is done to a training image before the network sees it. */
export type Augmentation =
  | HorizontalFlip
  | VerticalFlip
  | RandomResizedCrop
  | Rotation
  | Affine
  | ColorJitter
  | Grayscale
  | RandAugment
  | TrivialAugment
  | RandomErasing
  | Mix;
