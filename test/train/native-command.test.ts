import { resolveTrainOptions, type TrainOptions } from '../../lib/options';
import { nativeCommand } from '../../lib/train/native-command';
import { optionsOf } from '../report/options-of';

// The command that does with LibTorch what a run by the js backend does. Its recipe is given by its values.

test.each<Omit<TrainOptions, 'data'>>([
  {},
  { recipe: 'linear' },
  { recipe: 'linear', lr: 0.05 },
  { recipe: 'linear', optimizer: 'adamw' },
  { recipe: 'finetune' },
  { recipe: 'finetune', momentum: 0.5, nesterov: false, schedule: 'constant', warmup: 3 },
  { recipe: 'finetune', optimizer: 'adamw', cropScale: 'none', decayNormBias: true, epochs: 50 },
  { trainFrom: 'fc', chooseLr: true },
  { optimizer: 'adamw', weightDecay: 0, report: false, card: false, tensorboard: true, cropCache: '1GB' },
  { extend: 'runs/x', patience: 3, minDelta: 0.1, syncBatchNorm: true, cacheDir: '/crops', output: 'o' },
])('of %j comes to the same options', (given) => {
  const asked = resolveTrainOptions({ data: 'photos', ...given, backend: 'js' }, 500);
  // As the run has them once it has chosen its rate, which is chosen again.
  const options = asked.chooseLr ? { ...asked, lr: 0.3 } : asked;
  const own = { recipe: 'tutorial', backend: 'native', output: undefined };
  expect(resolveTrainOptions(optionsOf(nativeCommand(options)))).toEqual({ ...asked, ...own });
});

test('what goes without saying is left out', () => {
  const options = resolveTrainOptions({ data: 'photos', recipe: 'linear', epochs: 4, backend: 'js' });
  expect(nativeCommand({ ...options, lr: 0.3 })).toBe(
    'npx resnet-ft train photos --train-from fc --epochs 4 --schedule cosine --momentum 0.9 --choose-lr --backend native',
  );
});
