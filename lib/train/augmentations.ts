import type { Affine, Augmentation, WarpStyle } from '../backend/augmentations';
import type { ResolvedTrainOptions } from '../options';
import { numbersOf, rangeOf, type AugmentationOptions } from '../options/augmentation';

/** RandomResizedCrop's own range of shapes. */
const RATIO = [3 / 4, 4 / 3] as const;

/** The augmentations that the options ask for, in the order in which torchvision's reference training does them. */
export function augmentationsOf(options: AugmentationOptions): Augmentation[] {
  const { hflip, vflip, colorJitter, grayscale, randAugment, trivialAugment, erasing, mixup, cutmix } = options;
  const style = styleOf(options);
  const share = <K extends string>(kind: K, probability: number): { kind: K; probability: number }[] =>
    probability > 0 ? [{ kind, probability }] : [];
  const mix = <K extends string>(kind: K, alpha: number | undefined): { kind: K; alpha: number }[] =>
    alpha === undefined ? [] : [{ kind, alpha }];
  const [brightness = 0, contrast = 0, saturation = 0, hue = 0] = numbersOf(colorJitter ?? '0');
  const [operations = 0, magnitude = 0] = numbersOf(randAugment ?? '0');
  return [
    ...cropOf(options),
    ...share('horizontal-flip', hflip),
    ...share('vertical-flip', vflip),
    ...warpOf(options, style),
    ...(colorJitter === undefined ? [] : [{ kind: 'color-jitter', brightness, contrast, saturation, hue } as const]),
    ...share('grayscale', grayscale),
    ...(randAugment === undefined ? [] : [{ kind: 'rand-augment', operations, magnitude, ...style } as const]),
    ...(trivialAugment ? [{ kind: 'trivial-augment', ...style } as const] : []),
    ...share('random-erasing', erasing),
    ...mix('mixup', mixup),
    ...mix('cutmix', cutmix),
  ];
}

function cropOf({ cropScale, cropRatio }: AugmentationOptions): Augmentation[] {
  if (cropScale === undefined) return [];
  const [leastScale, mostScale] = rangeOf(cropScale);
  const [leastRatio, mostRatio] = cropRatio === undefined ? RATIO : rangeOf(cropRatio);
  return [{ kind: 'random-resized-crop', leastScale, mostScale, leastRatio, mostRatio }];
}

function styleOf({ warpInterpolation: interpolation, warpFill }: AugmentationOptions): WarpStyle {
  const [red = 0, green = red, blue = red] = numbersOf(warpFill);
  return { interpolation, fill: [red, green, blue] };
}

/** A rotation alone is RandomRotation's; with anything else it is part of a RandomAffine. */
function warpOf({ rotate, translate, zoom, shear }: AugmentationOptions, style: WarpStyle): Augmentation[] {
  if (translate === undefined && zoom === undefined && shear === 0) {
    return rotate > 0 ? [{ kind: 'rotation', degrees: rotate, ...style }] : [];
  }
  const [translateX = 0, translateY = translateX] = numbersOf(translate ?? '0');
  const [leastScale, mostScale] = zoom === undefined ? [1, 1] : rangeOf(zoom);
  const affine: Affine = {
    ...{ kind: 'affine', degrees: rotate, translateX, translateY, leastScale, mostScale, shear },
    ...style,
  };
  return [affine];
}

/**
 * The most pixels that the short side of an image needs, of which windows are cut: enough for the smallest window to have as many pixels as
 * it is shown with, within bounds.
 *
 * @param size side of what the network sees
 * @param resize to which the short side is resized for a fixed crop
 */
export function keptShortSide(
  { cropScale }: Pick<ResolvedTrainOptions, 'cropScale'>,
  size: number,
  resize: number,
): number {
  const [least] = cropScale === undefined ? [1] : rangeOf(cropScale);
  return Math.max(resize, Math.min(2 * size, Math.ceil(size / Math.sqrt(least))));
}
