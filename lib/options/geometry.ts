import { oneOf, rejectOption, rejectUse, type GivenOptions, type RecipeTable, type ResolvedOptions } from './spec';
import {
  FITS,
  INTERPOLATIONS,
  MEAN_RANGE,
  MOST_RESIZE,
  MOST_SIDE,
  STD_RANGE,
  type Preprocessing,
  type TrainFrom,
} from './values';

const IMAGES = 'Images';

/** The side below which a ResNet has nothing left: it halves the image five times. */
const LEAST_SIDE = 32;

/** torchvision's, of the sides before and after the square is cut out: 256 and 224. */
const USUAL_RATIO = 256 / 224;

const NUMBER = String.raw`\s*(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?\s*`;
const CHANNELS = {
  type: 'string',
  pattern: new RegExp(`^(?:auto|${NUMBER},${NUMBER},${NUMBER})$`),
  expected: 'auto, or three numbers with commas between them',
} as const;

/** The options of `train` that decide what an image is before the network sees it: of those left out, the weights to start from say it. */
export const GEOMETRY_OPTIONS = {
  imageSize: {
    type: 'number',
    integer: true,
    min: LEAST_SIDE,
    max: MOST_SIDE,
    hint: `A ResNet halves an image five times, so that of less than ${LEAST_SIDE} pixels nothing is left`,
    group: IMAGES,
    affects: 'training',
    help: 'side in pixels of the square that the network sees [default: that of the weights, 224 of those of ImageNet]',
  },
  resize: {
    type: 'number',
    integer: true,
    min: LEAST_SIDE,
    max: MOST_RESIZE,
    group: IMAGES,
    affects: 'training',
    advanced: true,
    help: 'side in pixels that the short side of an image becomes before the square is cut out [default: in the proportion to --image-size that the weights have, 256 to 224 of most]',
  },
  fit: {
    type: 'string',
    choices: FITS,
    group: IMAGES,
    affects: 'training',
    advanced: true,
    help: 'how an image becomes a square: cut out of its middle, all of it with black bars, or stretched [default: that of the weights, or crop]',
  },
  interpolation: {
    type: 'string',
    choices: INTERPOLATIONS,
    group: IMAGES,
    affects: 'training',
    advanced: true,
    help: 'filter of the resize [default: that of the weights, or bilinear]',
  },
  exifRotate: {
    type: 'boolean',
    group: IMAGES,
    affects: 'training',
    advanced: true,
    help: 'turn photos as their EXIF orientation says, which torchvision does not [default: as the weights say, or no]',
  },
  mean: {
    ...CHANNELS,
    group: IMAGES,
    affects: 'training',
    advanced: true,
    help: 'mean of red, green and blue, in 0..1, that is subtracted: three numbers, or auto for that of the training images [default: that of the weights]',
  },
  std: {
    ...CHANNELS,
    group: IMAGES,
    affects: 'training',
    advanced: true,
    help: 'standard deviation of red, green and blue that is divided by, likewise [default: that of the weights]',
  },
} as const satisfies RecipeTable;

type GeometryOptions = ResolvedOptions<typeof GEOMETRY_OPTIONS>;

/** What must be measured on the training images before the first step. */
export type ToMeasure = 'mean' | 'std';

/**
 * Checks what the table alone can't say of these options.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function checkGeometryOptions(options: GeometryOptions): void {
  const { resize, fit } = options;
  if (resize !== undefined && fit !== undefined && fit !== 'crop') {
    rejectUse(`--resize can't be used with --fit ${fit}, which cuts nothing out`);
  }
  numbers(options.mean, '--mean', MEAN_RANGE);
  numbers(options.std, '--std', STD_RANGE);
}

/** The options whose values are those of the training images. */
export function toMeasure({ mean, std }: Pick<GivenOptions<typeof GEOMETRY_OPTIONS>, ToMeasure>): ToMeasure[] {
  return [...(mean === 'auto' ? (['mean'] as const) : []), ...(std === 'auto' ? (['std'] as const) : [])];
}

/**
 * What images go through: what the options say, and of what they leave open, what the weights have. With another size and no
 * `--resize`, the short side keeps its proportion to the size. What is to be measured ({@link toMeasure}) is still that of the weights.
 *
 * @param weights the preprocessing of the weights to start from
 * @throws ResnetFtError INVALID_OPTION where the short side would be less than the square
 */
export function preprocessingOf(options: GeometryOptions, weights: Preprocessing): Preprocessing {
  const fit = options.fit ?? weights.fit ?? 'crop';
  const interpolation = options.interpolation ?? weights.interpolation ?? 'bilinear';
  const exifRotate = options.exifRotate ?? weights.exifRotate ?? false;
  const crop = options.imageSize ?? weights.crop;
  if (fit !== 'crop' && options.resize !== undefined) {
    rejectUse(`--resize can't be used with weights whose images are made square by --fit ${fit}`);
  }
  // Of squares that are not cut out, an older version of this package makes something near with both sides the same.
  const resize = fit === 'crop' ? (options.resize ?? usualResize(crop, weights)) : crop;
  if (options.resize !== undefined && resize < crop) {
    const hint = 'To see the whole image, take --fit pad or --fit stretch';
    rejectUse(`--resize ${resize} is less than the image size, ${crop}`, hint);
  }
  return {
    resize,
    crop,
    ...(fit === 'crop' ? {} : { fit }),
    ...(interpolation === 'bilinear' ? {} : { interpolation }),
    ...(exifRotate ? { exifRotate } : {}),
    mean: numbers(options.mean, '--mean', MEAN_RANGE) ?? weights.mean,
    std: numbers(options.std, '--std', STD_RANGE) ?? weights.std,
  };
}

function usualResize(crop: number, weights: Preprocessing): number {
  const cut = (weights.fit ?? 'crop') === 'crop';
  if (cut && crop === weights.crop) return weights.resize;
  return Math.min(MOST_RESIZE, Math.round(crop * (cut ? weights.resize / weights.crop : USUAL_RATIO)));
}

/**
 * Refuses images so small that the last layers see one pixel of them, where a batch has only one image: of one value a batch norm has no
 * variance (PyTorch refuses it too). Of several processes each has the batch norms of its own part, unless they are synchronised.
 *
 * @param images of an epoch
 * @param processes that train together
 * @throws ResnetFtError INVALID_OPTION
 */
export function checkLastBatch(
  options: { batchSize: number; trainFrom: TrainFrom; syncBatchNorm: boolean },
  crop: number,
  images: number,
  processes = 1,
): void {
  const { batchSize, trainFrom, syncBatchNorm } = options;
  if (crop > LEAST_SIDE || trainFrom === 'fc') return;
  const parts = syncBatchNorm ? 1 : processes;
  // Parts differ by one image at most; below that number of images some process has just one.
  const isTooFew = (count: number): boolean => count > 0 && count < 2 * parts;
  const full = images >= batchSize && isTooFew(batchSize);
  if (!full && !isTooFew(images % batchSize)) return;
  const way = parts === 1 ? '--batch-size' : '--batch-size, or --sync-batch-norm';
  const hint = `Take another ${way}: of one image so small, the last batch norms have nothing to average`;
  const alone = full ? 'makes batches of one image' : `leaves one of ${images} images for the last batch`;
  const what = parts === 1 ? alone : `leaves a process one image of ${full ? 'a' : 'the last'} batch`;
  rejectUse(`--batch-size ${batchSize} ${what}, which is too few at --image-size ${crop}`, hint);
}

/** The three numbers of an option; undefined where there are none, or they are to be measured. */
function numbers(text: string | undefined, flag: string, [least, most]: readonly [number, number]) {
  if (text === undefined || text === 'auto') return undefined;
  const three = text.split(',').map(Number);
  if (three.every((one) => one >= least && one <= most)) return three;
  return rejectOption(oneOf(['auto', `three numbers from ${least} to ${most}`]), flag, text);
}
