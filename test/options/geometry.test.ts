import type { ResnetFtError } from '../../lib/errors';
import {
  checkLastBatch,
  PREPROCESSING,
  preprocessingOf,
  resolveCompareOptions,
  resolveTrainOptions,
  type Preprocessing,
  type TrainOptions,
} from '../../lib/options';
import { nativeCommand } from '../../lib/train/native-command';

type Given = Omit<TrainOptions, 'data'>;

const prepared = (given: Given, weights: Preprocessing = PREPROCESSING): Preprocessing =>
  preprocessingOf(resolveTrainOptions({ data: 'photos', ...given }), weights);

test.each<[Given, RegExp]>([
  [{ imageSize: 31 }, /^Expected an integer of at least 32 and at most 1024 for --image-size but received 31$/],
  [{ imageSize: 1025 }, /for --image-size but received 1025$/],
  [{ imageSize: 224.5 }, /for --image-size but received 224\.5$/],
  [{ resize: 2049 }, /^Expected an integer of at least 32 and at most 2048 for --resize but received 2049$/],
  [{ fit: 'squeeze' as never }, /^Expected crop, pad or stretch for --fit but received squeeze$/],
  [{ interpolation: 'lanczos' as never }, /^Expected bilinear or bicubic for --interpolation but received lanczos$/],
  [{ exifRotate: 'yes' as never }, /^Expected true or false for --exif-rotate but received yes$/],
  [{ fit: 'pad', resize: 256 }, /^--resize can't be used with --fit pad, which cuts nothing out$/],
  [{ mean: '0.5' }, /^Expected auto, or three numbers with commas between them for --mean but received 0\.5$/],
  [{ mean: '0.5,0.5,0.5,0.5' }, /for --mean but received 0\.5,0\.5,0\.5,0\.5$/],
  [{ mean: '0.5,1.5,0.5' }, /^Expected auto or three numbers from 0 to 1 for --mean but received 0\.5,1\.5,0\.5$/],
  [{ std: '0.2,0,0.2' }, /^Expected auto or three numbers from 0\.001 to 1 for --std but received 0\.2,0,0\.2$/],
  [{ std: 'some' }, /for --std but received some$/],
])('%p is refused', (given, message) => {
  for (const resolve of [resolveTrainOptions, resolveCompareOptions]) {
    expect(() => resolve({ data: 'photos', ...given })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) as string }) as Error,
    );
  }
});

test('why a size may not be less is not said of one that is too large', () => {
  const hintOf = (imageSize: number): string | undefined => {
    try {
      resolveTrainOptions({ data: 'photos', imageSize });
    } catch (error) {
      return (error as ResnetFtError).hint;
    }
    return undefined;
  };
  expect(hintOf(31)).toMatch(/halves an image five times/);
  expect(hintOf(1025)).toBeUndefined();
});

test('an image that is too small is refused with the reason', () => {
  expect(() => resolveTrainOptions({ data: 'photos', imageSize: 16 })).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/^A ResNet halves an image five times/) as string }) as Error,
  );
});

const NEW = { ...PREPROCESSING, resize: 232 };
const PADDED = { ...PREPROCESSING, resize: 128, crop: 128, fit: 'pad', exifRotate: true } as const;

test.each<[string, Given, Preprocessing, Partial<Preprocessing>]>([
  ['another size keeps the proportion of torchvision', { imageSize: 320 }, PREPROCESSING, { resize: 366, crop: 320 }],
  ['that is rounded', { imageSize: 100 }, PREPROCESSING, { resize: 114, crop: 100 }],
  ['that of the weights, where they have another', { imageSize: 112 }, NEW, { resize: 116, crop: 112 }],
  ['the size of the weights changes nothing', { imageSize: 224 }, NEW, { resize: 232, crop: 224 }],
  ['the largest', { imageSize: 1024 }, PREPROCESSING, { resize: 1170, crop: 1024 }],
  ['another short side alone', { resize: 224 }, PREPROCESSING, { resize: 224, crop: 224 }],
  ['both', { imageSize: 96, resize: 128 }, NEW, { resize: 128, crop: 96 }],
  ['no short side where nothing is cut', { fit: 'pad' }, PREPROCESSING, { resize: 224, crop: 224, fit: 'pad' }],
  ['stretched', { imageSize: 64, fit: 'stretch' }, NEW, { resize: 64, crop: 64, fit: 'stretch' }],
  ['what the weights say', { imageSize: 64 }, PADDED, { resize: 64, crop: 64, fit: 'pad', exifRotate: true }],
  ['cropped after weights that were not', { fit: 'crop' }, PADDED, { resize: 146, crop: 128, exifRotate: true }],
  ['bicubic', { interpolation: 'bicubic' }, PREPROCESSING, { resize: 256, crop: 224, interpolation: 'bicubic' }],
  ['numbers', { mean: '0.5, 1e-1,.25' }, PREPROCESSING, { resize: 256, crop: 224, mean: [0.5, 0.1, 0.25] }],
  ['what is to be measured, later', { std: 'auto' }, PREPROCESSING, {}],
])('%s', (_what, given, weights, expected) => {
  expect(prepared(given, weights)).toEqual({ ...PREPROCESSING, ...expected });
});

test('what is turned by the weights can be left as it is', () => {
  expect(prepared({ exifRotate: false }, PADDED)).toEqual({ ...PREPROCESSING, resize: 128, crop: 128, fit: 'pad' });
});

test('without options, the preprocessing is that of the weights, key by key', () => {
  for (const weights of [PREPROCESSING, NEW])
    expect(JSON.stringify(prepared({}, weights))).toBe(JSON.stringify(weights));
});

test('a short side that is less than the square is refused', () => {
  expect(() => prepared({ resize: 200 })).toThrow('--resize 200 is less than the image size, 224');
  expect(() => prepared({ resize: 200 }, PADDED)).toThrow(
    /^--resize can't be used with weights whose images are made square by --fit /,
  );
});

test('the command that does the same has the options as they were', () => {
  const options = resolveTrainOptions({ data: 'photos', imageSize: 64, exifRotate: false, mean: '0.5,0.5,0.5' });
  expect(nativeCommand(options)).toContain(' --image-size 64 --no-exif-rotate --mean 0.5,0.5,0.5 ');
  expect(nativeCommand({ ...options, exifRotate: true })).toContain(' --exif-rotate --mean');
});

test.each<[batch: number, images: number, processes: number, refused: string | undefined]>([
  [1, 12, 1, '--batch-size 1 makes batches of one image'],
  [4, 13, 1, '--batch-size 4 leaves one of 13 images for the last batch'],
  [4, 14, 1, undefined],
  // Parts of two and one.
  [3, 12, 2, '--batch-size 3 leaves a process one image of a batch'],
  [8, 27, 2, '--batch-size 8 leaves a process one image of the last batch'],
  [8, 26, 2, '--batch-size 8 leaves a process one image of the last batch'],
  [8, 28, 2, undefined],
  [8, 24, 4, undefined],
  [8, 5, 4, '--batch-size 8 leaves a process one image of the last batch'],
])('batches of %i of %i small images for %i processes', (batchSize, images, processes, refused) => {
  const options = { batchSize, trainFrom: 'conv1', syncBatchNorm: false } as const;
  const check = (changes: object, side = 32): void =>
    checkLastBatch({ ...options, ...changes }, side, images, processes);
  if (refused === undefined) expect(() => check({})).not.toThrow();
  else expect(() => check({})).toThrow(`${refused}, which is too few at --image-size 32`);
  expect(() => check({}, 64)).not.toThrow();
  expect(() => check({ trainFrom: 'fc' })).not.toThrow();
  if (processes > 1) expect(() => check({ syncBatchNorm: true })).not.toThrow();
});
