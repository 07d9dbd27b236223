import { resolveCompareOptions, resolveTrainOptions, type TrainOptions } from '../../lib/options';
import { nativeCommand } from '../../lib/train/native-command';
import { recipeOf } from '../../lib/train/recipe';

type Given = Omit<TrainOptions, 'data'>;
const resolve = (given: Given) => resolveTrainOptions({ data: 'photos', ...given });

test('the defaults are those of the tutorial; AdamW has those of torch', () => {
  const sgd = { lr: 0.01, momentum: 0.5, weightDecay: 0, schedule: 'constant', accumulate: 1, labelSmoothing: 0 };
  expect(resolve({})).toMatchObject({ ...sgd, batchSize: 64, sampling: 'shuffle', decayNormBias: true });
  expect(recipeOf(resolve({}))).toEqual({
    ...{ seed: 0, draws: 'torch', parameterGroups: [{ from: 'conv1' }] },
    optimizer: { kind: 'sgd', momentum: 0.5, weightDecay: 0, nesterov: false },
    ...{ decayNormBias: true, clipGrad: 0, ema: 0, sampling: 'shuffle' },
    loss: { kind: 'cross-entropy', labelSmoothing: 0, classWeights: new Float64Array() },
    augment: [{ kind: 'horizontal-flip', probability: 0.5 }],
  });
  const adamw = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 };
  expect(resolve({ optimizer: 'adamw' })).toMatchObject({ lr: 0.001, ...adamw });
  expect(recipeOf(resolve({ optimizer: 'adamw' })).optimizer).toEqual({ kind: 'adamw', ...adamw });
  expect(resolve({ optimizer: 'adamw', lr: 0.01, weightDecay: 0 })).toMatchObject({ lr: 0.01, weightDecay: 0 });
});

test.each<Given>([
  {},
  { optimizer: 'adamw', schedule: 'onecycle', cycleMomentum: true, ema: 0.9 },
  { schedule: 'step', stepSize: 7, weightDecay: 0.1, decayNormBias: false },
])('options that are filled in may be given again: %j', (given) => {
  expect(resolveTrainOptions(resolve(given))).toEqual(resolve(given));
  const compared = resolveCompareOptions({ data: 'photos', ...given });
  expect([compared.lr, compared.weightDecay]).toEqual([resolve(given).lr, resolve(given).weightDecay]);
});

test.each<[Given, RegExp]>([
  [{ optimizer: 'adam' as 'adamw' }, /^Expected sgd or adamw for --optimizer but received adam$/],
  [{ optimizer: 'adamw', momentum: 0.9 }, /^--momentum can't be used with --optimizer adamw, which has --beta1$/],
  [{ optimizer: 'adamw', nesterov: true }, /^--nesterov can't be used with --optimizer adamw$/],
  [{ beta1: 0.8 }, /^--beta1 needs --optimizer adamw$/],
  [{ beta2: 0.9 }, /^--beta2 needs --optimizer adamw$/],
  [{ eps: 1 }, /^--eps needs --optimizer adamw$/],
  [{ optimizer: 'adamw', beta2: 1 }, /^Expected a number of at least 0 and below 1 for --beta2 but received 1$/],
  [{ nesterov: true, momentum: 0 }, /^--nesterov needs a --momentum above 0$/],
  [{ decayNormBias: false }, /^--no-decay-norm-bias needs a --weight-decay above 0$/],
  [{ schedule: 'step' }, /^--schedule step needs --step-size, a number of epochs$/],
  [{ stepSize: 3 }, /^--step-size needs --schedule step$/],
  [{ schedule: 'cosine', gamma: 0.5 }, /^--gamma needs --schedule step$/],
  [{ finalLrFactor: 0.1 }, /^--final-lr-factor needs --schedule cosine, linear or onecycle$/],
  [{ schedule: 'linear', cycleMomentum: true }, /^--cycle-momentum needs --schedule onecycle$/],
  [{ schedule: 'onecycle', cycleMomentum: true, momentum: 0 }, /^--cycle-momentum needs a --momentum above 0$/],
  [{ warmup: 1.5 }, /^Expected a share below 1, or a whole number of steps for --warmup but received 1\.5$/],
  [{ lrLayerDecay: 0 }, /^Expected a number above 0 and at most 1 for --lr-layer-decay/],
  [{ clipGrad: 0 }, /^Expected a number above 0 for --clip-grad but received 0$/],
  [{ ema: 1 }, /^Expected a number above 0 and below 1 for --ema but received 1$/],
  [{ accumulate: 0 }, /for --accumulate/],
  [{ labelSmoothing: 2 }, /for --label-smoothing/],
])('%j is refused', (given, message) => {
  expect(() => resolve(given)).toThrow(message);
  expect(() => resolveCompareOptions({ data: 'photos', ...given })).toThrow(message);
});

test('the command for LibTorch has what was given, and no defaults', () => {
  const given = { optimizer: 'adamw', decayNormBias: false, classWeights: 'my weights.json', lr: 0.1 } as const;
  expect(nativeCommand(resolve(given))).toBe(
    "npx resnet-ft train photos --optimizer adamw --lr 0.1 --no-decay-norm-bias --class-weights 'my weights.json' --backend native",
  );
});
