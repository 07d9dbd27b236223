import { groupRates } from '../../lib/train/parameter-groups';
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
  expect(resolve({ recipe: 'linear', lrHead: 0.1 }, 244)).toMatchObject({ lrHead: 0.1, chooseLr: false });
});

test.each([
  // The recipe's proportion, ten to one, is kept.
  [{ lr: 0.1 }, [0.1, 1]],
  [{ lr: 0.1, optimizer: 'adamw' }, [0.1, 1]],
  [{ lr: 0 }, [0, 0]],
  // So that the rate that is told is none that nobody gave: ten times this one is no number.
  [{ lr: 1e308 }, [1e308, Number.MAX_VALUE]],
  [{ lr: 0.1, lrHead: 0.2 }, [0.1, 0.2]],
  [{ lrHead: 0.5 }, [0.002, 0.5]],
  [{ lr: 0.1, trainFrom: 'layer4' }, [0.1, 1]],
  // Of fc alone there is one rate.
  [{ trainFrom: 'fc' }, [0.02]],
  [{ trainFrom: 'fc', lr: 0.1 }, [0.1]],
  [{ trainFrom: 'fc', lrHead: 0.1 }, [0.1]],
] as const)('the rates of finetune with %j', (given, rates) => {
  expect(groupRates(resolve({ recipe: 'finetune', ...given }, 256))).toEqual(rates);
});

test('finetune of fc alone may choose its rate', () => {
  expect(resolve({ recipe: 'finetune', trainFrom: 'fc', chooseLr: true }, 256)).toMatchObject({ lrHead: undefined });
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
  [{ chooseLr: true, trainFrom: 'fc', lrHead: 0.1 }, "--lr-head can't be used with --choose-lr, which chooses it"],
  [{ recipe: 'linear', trainFrom: 'layer4' }, "--train-from layer4 can't be used with --recipe linear"],
  [{ recipe: 'linear', headEpochs: 5 }, "--head-epochs can't be used with --recipe linear"],
  // What is no module, or no number, is refused as such.
  [{ recipe: 'linear', trainFrom: 'layer9' }, 'for --train-from but received layer9'],
  [{ recipe: 'linear', headEpochs: -1 }, 'for --head-epochs but received -1'],
  [{ recipe: 'finetune', lr: 'much' }, 'Expected a number of at least 0 for --lr but received much'],
  [{ chooseLr: true, trainFrom: 'fc', cropScale: '0.5..1' }, "--crop-scale can't be used with --choose-lr"],
])('%j is refused', (given, message) => {
  expect(() => resolve(given)).toThrow(message);
});
