import { resolveCompareOptions, resolveTrainOptions, type TrainOptions } from '../../lib/options';
import { recipeOf } from '../../lib/train/recipe';
import { keptShortSide } from '../../lib/train/augmentations';

const resolve = (options: Partial<TrainOptions>) => resolveTrainOptions({ ...options, data: 'photos' });
const recipe = (options: Partial<TrainOptions>) => recipeOf(resolve(options));

const FLIP = { kind: 'horizontal-flip', probability: 0.5 };
const NEAREST = { interpolation: 'nearest', fill: [0, 0, 0] };

test("without options it is the tutorial's: half of the images mirrored, drawn from torch's numbers", () => {
  expect(recipe({})).toMatchObject({ draws: 'torch', augment: [FLIP] });
  expect(recipe({})).not.toHaveProperty('views');
  expect(recipe({ hflip: 0 })).toMatchObject({ draws: 'torch', augment: [] });
});

test.each<[Partial<TrainOptions>, object[]]>([
  [
    { cropScale: '0.35..1' },
    [{ kind: 'random-resized-crop', leastScale: 0.35, mostScale: 1, leastRatio: 3 / 4, mostRatio: 4 / 3 }, FLIP],
  ],
  [
    { cropScale: '0.08..0.5', cropRatio: '0.5..2', hflip: 0 },
    [{ kind: 'random-resized-crop', leastScale: 0.08, mostScale: 0.5, leastRatio: 0.5, mostRatio: 2 }],
  ],
  [{ vflip: 1 }, [FLIP, { kind: 'vertical-flip', probability: 1 }]],
  [{ rotate: 15 }, [FLIP, { kind: 'rotation', degrees: 15, ...NEAREST }]],
  [
    { rotate: 15, translate: '0.1', warpInterpolation: 'bilinear', warpFill: '124,116,104', hflip: 0 },
    [
      {
        ...{ kind: 'affine', degrees: 15, translateX: 0.1, translateY: 0.1, leastScale: 1, mostScale: 1, shear: 0 },
        ...{ interpolation: 'bilinear', fill: [124, 116, 104] },
      },
    ],
  ],
  [
    { zoom: '0.8..1.25', shear: 5, translate: '0.1,0.2', warpFill: '7', hflip: 0 },
    [
      {
        ...{ kind: 'affine', degrees: 0, translateX: 0.1, translateY: 0.2, leastScale: 0.8, mostScale: 1.25, shear: 5 },
        ...{ interpolation: 'nearest', fill: [7, 7, 7] },
      },
    ],
  ],
  [{ colorJitter: '0.4,0.3' }, [FLIP, { kind: 'color-jitter', brightness: 0.4, contrast: 0.3, saturation: 0, hue: 0 }]],
  [
    { grayscale: 0.1, randAugment: '2,9', hflip: 0 },
    [
      { kind: 'grayscale', probability: 0.1 },
      { kind: 'rand-augment', operations: 2, magnitude: 9, ...NEAREST },
    ],
  ],
  [
    { trivialAugment: true, erasing: 0.1, mixup: 0.2, cutmix: 1 },
    [
      FLIP,
      { kind: 'trivial-augment', ...NEAREST },
      { kind: 'random-erasing', probability: 0.1 },
      { kind: 'mixup', alpha: 0.2 },
      { kind: 'cutmix', alpha: 1 },
    ],
  ],
])('%j is drawn by counter, and is %j', (options, augment) => {
  expect(recipe(options)).toMatchObject({ draws: 'counter', augment });
});

test('views are part of the recipe', () => {
  expect(recipe({ cacheViews: 4, trainFrom: 'fc' })).toMatchObject({ views: 4, draws: 'counter', augment: [FLIP] });
});

test('compare settles the draws in the same way', () => {
  expect(resolveCompareOptions({ data: 'photos' }).draws).toBe('torch');
  expect(resolveCompareOptions({ data: 'photos', cropScale: '0.35..1' }).draws).toBe('counter');
});

test.each<[Partial<TrainOptions>, RegExp]>([
  [
    { cropScale: '0.35' },
    /^Expected a range of shares of the area, such as 0\.35\.\.1, for --crop-scale but received 0\.35$/,
  ],
  [
    { cropScale: '0..1' },
    /^Expected two numbers, the lesser first, both above 0 and at most 1, for --crop-scale but received 0\.\.1$/,
  ],
  [{ cropScale: '0.9..0.5' }, /for --crop-scale/],
  [{ cropScale: '0.5..1.1' }, /for --crop-scale/],
  [{ cropRatio: '0.5..2' }, /^--crop-ratio needs --crop-scale$/],
  [{ cropScale: '0.5..1', cropRatio: '2..0.5' }, /for --crop-ratio/],
  [{ hflip: 1.5 }, /for --hflip/],
  [{ rotate: 181 }, /for --rotate/],
  [{ translate: '0.1,2' }, /for --translate/],
  [{ translate: '0.1,0.1,0.1' }, /for --translate/],
  [{ zoom: '0.01..1' }, /for --zoom/],
  [{ shear: 90 }, /for --shear/],
  [{ colorJitter: '0.4,0.4,0.4,0.6' }, /^Expected a hue of at most 0\.5 for --color-jitter/],
  [{ colorJitter: 'some' }, /for --color-jitter/],
  [{ randAugment: '0,9' }, /for --rand-augment/],
  [{ randAugment: '2,31' }, /for --rand-augment/],
  [{ randAugment: '2,9', trivialAugment: true }, /^--rand-augment can't be used with --trivial-augment$/],
  [{ warpFill: '256' }, /for --warp-fill/],
  [{ warpFill: '1,2' }, /for --warp-fill/],
  [
    { warpFill: '1' },
    /^--warp-fill needs one of --rotate, --translate, .* and --trivial-augment, whose images it is for$/,
  ],
  [{ warpInterpolation: 'bilinear', grayscale: 1 }, /^--warp-interpolation needs one of --rotate/],
  [{ erasing: -1 }, /for --erasing/],
  [{ mixup: 0 }, /for --mixup/],
  [{ cacheViews: 2 }, /^--cache-views needs frozen modules: --train-from layer1 or later$/],
  [{ cacheViews: 2, trainFrom: 'fc', mixup: 1 }, /^--mixup can't be used with --cache-views$/],
  [{ cropScale: '0.35..1', draws: 'torch' }, /^Expected counter for --draws but received torch$/],
])('%j is refused', (options, message) => {
  expect(() => resolve(options)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) }),
  );
});

test('images are kept with as many pixels as the smallest window needs, within bounds', () => {
  expect(keptShortSide({ cropScale: '0.35..1' }, 224, 256)).toBe(379);
  expect(keptShortSide({ cropScale: '0.08..1' }, 224, 256)).toBe(448);
  expect(keptShortSide({ cropScale: '1..1' }, 224, 256)).toBe(256);
});
