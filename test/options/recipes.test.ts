import { resolveAgain, resolveTrainOptions } from '../../lib/options';

const resolve = (options: object, images?: number) => resolveTrainOptions({ data: 'photos', ...options }, images);

test('the tutorial is what there is without a recipe', () => {
  const { recipe, ...plain } = resolve({});
  expect(recipe).toBe('tutorial');
  expect({ ...resolve({ recipe: 'tutorial' }, 244), recipe }).toEqual({ ...plain, recipe });
  expect(plain).toMatchObject({ epochs: 50, lr: 0.01, momentum: 0.5, schedule: 'constant', trainFrom: 'conv1' });
});

test.each([
  // 20 epochs of 4 steps are too few, and 20 of 1563 too many.
  [244, { epochs: 125, headEpochs: 25, mixup: undefined }],
  [3200, { epochs: 20, headEpochs: 5, mixup: undefined }],
  [100_000, { epochs: 3, headEpochs: 1, mixup: 0.1 }],
])('finetune on %i images', (images, expected) => {
  expect(resolve({ recipe: 'finetune' }, images)).toMatchObject({
    ...{ lr: 0.002, lrHead: 0.02, momentum: 0.9, nesterov: true, weightDecay: 1e-4, decayNormBias: false },
    ...{ schedule: 'cosine', warmup: 0.05, cropScale: '0.35..1', draws: 'counter', trainFrom: 'conv1', batchSize: 64 },
    ...expected,
  });
});

test('linear trains fc at a rate that is chosen', () => {
  expect(resolve({ recipe: 'linear' }, 244)).toMatchObject({
    ...{ trainFrom: 'fc', chooseLr: true, momentum: 0.9, schedule: 'cosine', epochs: 75, headEpochs: 0 },
  });
  expect(resolve({ recipe: 'linear', lr: 0.1 }, 244)).toMatchObject({ lr: 0.1, chooseLr: false });
});

test.each([
  [{ lr: 0.5, epochs: 3, cropScale: '0.5..1', headEpochs: 0 }, {}],
  [{ momentum: 0 }, { nesterov: false }],
  [{ weightDecay: 0 }, { decayNormBias: true }],
  [{ optimizer: 'adamw' }, { lr: 1e-4, lrHead: 1e-3, weightDecay: 0.01, momentum: 0.5, nesterov: false }],
  [{ lrLayerDecay: 0.9 }, { lrHead: undefined }],
  [{ trainFrom: 'layer4' }, { cropScale: undefined }],
  [{ trainFrom: 'fc' }, { headEpochs: 0 }],
  [{ seed: 3, draws: 'torch', cropScale: 'none' }, { cropScale: undefined }],
  [{ batchSize: 8, accumulate: 2 }, { epochs: 31 }],
] as const)('what is given by hand wins: %j', (given, besides) => {
  expect(resolve({ recipe: 'finetune', ...given }, 256)).toMatchObject({ ...given, ...besides });
  const again = resolveAgain(resolve({ recipe: 'finetune', ...given }, 256));
  expect(again).toEqual(resolve({ recipe: 'finetune', ...given }, 256));
});

test('a rate that was chosen, and one that is the default, go with choosing', () => {
  const asked = resolve({ chooseLr: true, trainFrom: 'fc' });
  expect(resolve(asked)).toEqual(asked);
  const chosen = { ...asked, lr: 0.1 };
  expect(resolveAgain(chosen)).toEqual(chosen);
});

test.each([
  [{ recipe: 'best' }, 'Expected tutorial, linear, finetune or auto for --recipe but received best'],
  [{ headEpochs: 2, trainFrom: 'fc' }, "--head-epochs can't be used with --train-from fc"],
  [{ chooseLr: true }, '--choose-lr needs --train-from fc'],
  [{ chooseLr: true, trainFrom: 'fc', lr: 0.1 }, "--lr can't be used with --choose-lr, which chooses it"],
  [
    { chooseLr: true, trainFrom: 'fc', optimizer: 'adamw', lr: 0.01 },
    "--lr can't be used with --choose-lr, which chooses it",
  ],
  [{ chooseLr: true, trainFrom: 'fc', cropScale: '0.5..1' }, "--crop-scale can't be used with --choose-lr"],
])('%j is refused', (given, message) => {
  expect(() => resolve(given)).toThrow(message);
});
