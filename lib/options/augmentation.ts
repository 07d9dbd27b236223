import { MACHINE } from './common';
import { rejectOption, rejectUse, resolveOptions, type RecipeTable, type ResolvedOptions } from './spec';

const AUGMENTATION = 'Augmentation';
const PLAIN = String.raw`\d+(?:\.\d+)?`;
const RANGE = new RegExp(String.raw`^(${PLAIN})\.\.(${PLAIN})$`);

const SHARE = { type: 'number', min: 0, max: 1, group: AUGMENTATION, affects: 'training' } as const;
const TEXT = { type: 'string', group: AUGMENTATION, affects: 'training' } as const;
const range = (expected: string) => ({ ...TEXT, pattern: RANGE, expected }) as const;

/** What `train` may do to its training images, in the order in which it is done. Validation images stay as they are. */
export const AUGMENTATION_OPTIONS = {
  cropScale: {
    ...range('a range of shares of the area, such as 0.35..1,'),
    help: 'random resized crops: each time another part of the image, with this share of its area, such as 0.35..1; 0.08..1 is the usual range for training from scratch, none for the fixed crop in the middle, where a recipe has others [default: that fixed crop]',
  },
  cropRatio: {
    ...range('a range of width divided by height, such as 0.75..1.3333,'),
    help: 'width divided by height of these parts [default: 3/4 to 4/3]',
  },
  hflip: { ...SHARE, default: 0.5, help: 'probability that an image is mirrored' },
  vflip: { ...SHARE, default: 0, help: 'probability that an image is mirrored top to bottom' },
  rotate: {
    ...{ type: 'number', min: 0, max: 180, default: 0, group: AUGMENTATION, affects: 'training' },
    help: 'images are rotated by up to this many degrees, either way',
  },
  translate: {
    ...{ ...TEXT, pattern: new RegExp(`^${PLAIN}(,${PLAIN})?$`) },
    expected: 'a share of the side, such as 0.1, or two of width and height, such as 0.1,0.2,',
    help: 'images are moved by up to this share of their side, or these of width and height, such as 0.1 or 0.1,0.2',
  },
  zoom: {
    ...range('a range of factors, such as 0.8..1.25,'),
    help: 'images are scaled by a factor, such as 0.8..1.25',
  },
  shear: {
    ...{ type: 'number', min: 0, max: 89, default: 0, group: AUGMENTATION, affects: 'training' },
    help: 'images are sheared by up to this many degrees, either way',
  },
  colorJitter: {
    ...{ ...TEXT, pattern: new RegExp(`^${PLAIN}(,${PLAIN}){0,3}$`) },
    expected: 'brightness[,contrast[,saturation[,hue]]], such as 0.4,0.4,0.4,0.1,',
    help: 'brightness, contrast, saturation and hue change by up to this much, such as 0.4,0.4,0.4,0.1; those left out stay',
  },
  grayscale: { ...SHARE, default: 0, help: 'probability that an image loses its colours' },
  randAugment: {
    ...{ ...TEXT, pattern: /^\d+,\d+$/ },
    expected: 'a number of operations of 1 to 14 and a magnitude of 0 to 30, such as 2,9,',
    help: 'RandAugment: the number of operations, drawn from 14, and their magnitude, such as 2,9',
  },
  trivialAugment: {
    ...{ type: 'boolean', default: false, group: AUGMENTATION, affects: 'training' },
    help: 'TrivialAugment (wide): one operation drawn from 14, at a magnitude that is drawn too',
  },
  warpInterpolation: {
    ...{ ...TEXT, choices: ['nearest', 'bilinear'] as const, default: 'nearest' },
    help: 'how rotated, moved and sheared images are read',
  },
  warpFill: {
    ...{ ...TEXT, pattern: /^\d{1,3}(,\d{1,3},\d{1,3})?$/, default: '0' },
    expected: 'one byte, such as 128, or three of red, green and blue, such as 124,116,104,',
    help: 'colour of where these have no image: one byte, or red, green and blue, such as 124,116,104',
  },
  erasing: { ...SHARE, default: 0, help: 'probability that a rectangle of an image is erased' },
  // Of an alpha near nothing a share is no number any more.
  mixup: {
    ...{ type: 'number', min: 0.001, max: 100, group: AUGMENTATION, affects: 'training' },
    help: 'mixup: images and labels of a batch are mixed, with a share drawn from Beta(alpha, alpha) of this alpha, such as 0.2',
  },
  cutmix: {
    ...{ type: 'number', min: 0.001, max: 100, group: AUGMENTATION, affects: 'training' },
    help: 'CutMix: a rectangle of each image is that of another one, and labels are mixed as areas are; of this alpha, such as 1. With --mixup, one of the two is drawn for each batch',
  },
  cacheViews: {
    ...{ type: 'number', integer: true, min: 1, max: 100, group: AUGMENTATION, affects: 'training' },
    help: 'with frozen modules: use only this many augmented views of each image, so that their features are computed once and kept; epochs take turns with them',
  },
  augmentThreads: {
    ...{ type: 'number', integer: true, min: 0, max: 64, group: MACHINE, affects: 'place' },
    help: 'threads that augment the next batches while the network computes; 0 for none [default: half of those of the network, on a GPU one for each processor]',
  },
} as const satisfies RecipeTable;

/** The options of augmentation after defaults. */
export type AugmentationOptions = ResolvedOptions<typeof AUGMENTATION_OPTIONS>;

/** The options without any augmentation but mirroring. */
export function plainAugmentation({ hflip, augmentThreads }: AugmentationOptions): AugmentationOptions {
  return resolveOptions(AUGMENTATION_OPTIONS, { hflip, augmentThreads }, 'train');
}

/** The two ends of a range such as `0.35..1`. */
export function rangeOf(text: string): readonly [from: number, to: number] {
  const [, from = '', to = ''] = RANGE.exec(text) ?? [];
  return [Number(from), Number(to)];
}

/** The numbers of a list such as `0.4,0.4`. */
export const numbersOf = (text: string): number[] => text.split(',').map(Number);

/** Whether anything but mirroring is asked for: that needs draws by counter. */
function needsCounter(options: AugmentationOptions): boolean {
  const { cropScale, vflip, rotate, translate, zoom, shear, colorJitter, grayscale, randAugment } = options;
  const { trivialAugment, erasing, mixup, cutmix, cacheViews } = options;
  return (
    [cropScale, translate, zoom, colorJitter, randAugment, mixup, cutmix, cacheViews].some((o) => o !== undefined) ||
    [vflip, rotate, shear, grayscale, erasing].some((share) => share > 0) ||
    trivialAugment
  );
}

/**
 * Checks what the table can't say of the options of augmentation.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
function checkAugmentation(options: AugmentationOptions): void {
  const { cropScale, cropRatio, translate, zoom, colorJitter, randAugment, warpFill } = options;
  checkRange('--crop-scale', cropScale, 0, 1);
  checkRange('--crop-ratio', cropRatio, 0.01, 100);
  checkRange('--zoom', zoom, 0.1, 10);
  if (cropRatio !== undefined && cropScale === undefined) rejectUse('--crop-ratio needs --crop-scale');
  const { expected } = AUGMENTATION_OPTIONS.translate;
  if (translate !== undefined && numbersOf(translate).some((share) => share > 1))
    rejectOption(expected, '--translate', translate);
  const [, , , hue = 0] = colorJitter === undefined ? [] : numbersOf(colorJitter);
  if (hue > 0.5) rejectOption('a hue of at most 0.5', '--color-jitter', colorJitter);
  if (randAugment !== undefined) {
    const [operations = 0, magnitude = 0] = numbersOf(randAugment);
    if (operations < 1 || operations > 14 || magnitude > 30) {
      rejectOption(AUGMENTATION_OPTIONS.randAugment.expected, '--rand-augment', randAugment);
    }
    if (options.trivialAugment) rejectUse("--rand-augment can't be used with --trivial-augment");
  }
  if (numbersOf(warpFill).some((byte) => byte > 255)) {
    rejectOption(AUGMENTATION_OPTIONS.warpFill.expected, '--warp-fill', warpFill);
  }
  if (warps(options)) return;
  for (const [name, flag] of [
    ['warpInterpolation', '--warp-interpolation'],
    ['warpFill', '--warp-fill'],
  ] as const) {
    if (options[name] === AUGMENTATION_OPTIONS[name].default) continue;
    rejectUse(
      `${flag} needs one of --rotate, --translate, --zoom, --shear, --rand-augment and --trivial-augment, whose images it is for`,
    );
  }
}

/** Whether images are read at other places than where their pixels are. */
const warps = ({ rotate, translate, zoom, shear, randAugment, trivialAugment }: AugmentationOptions): boolean =>
  rotate > 0 || shear > 0 || trivialAugment || [translate, zoom, randAugment].some((given) => given !== undefined);

/** Refuses a range that does not go from more than `above` 0 up to `most`, from the lesser to the greater number. */
function checkRange(name: string, text: string | undefined, least: number, most: number): void {
  if (text === undefined) return;
  const [from, to] = rangeOf(text);
  if (!(from > 0 && from >= least && from <= to && to <= most)) {
    const lower = least === 0 ? 'above 0' : `at least ${least}`;
    rejectOption(`two numbers, the lesser first, both ${lower} and at most ${most},`, name, text);
  }
}

/** What {@link settleAugmentation} looks at beside the augmentation. */
interface Surroundings extends AugmentationOptions {
  draws: 'torch' | 'counter';
  trainFrom: string;
}

/**
 * Checks the options of augmentation together with those that they depend on, and settles where random numbers are drawn from where the
 * caller does not say: by counter where anything but mirroring is drawn.
 *
 * @param draws as the caller gave it
 * @throws ResnetFtError INVALID_OPTION
 */
export function settleAugmentation<T extends Surroundings>(options: T, draws: unknown): T {
  checkAugmentation(options);
  const { cacheViews, mixup, cutmix, trainFrom } = options;
  if (cacheViews !== undefined) {
    if (trainFrom === 'conv1') rejectUse('--cache-views needs frozen modules: --train-from layer1 or later');
    if (mixup !== undefined) rejectUse("--mixup can't be used with --cache-views");
    if (cutmix !== undefined) rejectUse("--cutmix can't be used with --cache-views");
  }
  if (!needsCounter(options)) return options;
  if (draws === 'torch') {
    rejectOption(
      'counter',
      '--draws',
      draws,
      "Of torch's own random numbers only mirroring is drawn; leave --draws out",
    );
  }
  return { ...options, draws: 'counter' };
}
