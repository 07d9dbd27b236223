import { CAPABILITIES } from '../../lib/backend/native/capabilities';
import { resolveTrainOptions } from '../../lib/options';
import { requireCapabilities } from '../../lib/train/capabilities';
import { recipeOf } from '../../lib/train/recipe';

const options = resolveTrainOptions({ data: 'my photos', epochs: 3, draws: 'counter', backend: 'js' });
const check = (changes: Partial<typeof CAPABILITIES>): void =>
  requireCapabilities(
    { label: 'js (wasm)', capabilities: { ...CAPABILITIES, ...changes } },
    recipeOf(options),
    options,
  );

test.each([
  [{ optimizers: [] }, 'the optimizer sgd'],
  [{ losses: [] }, 'the loss cross-entropy'],
  [{ augmentations: [] }, 'the augmentation horizontal-flip'],
  [{ draws: ['torch'] }, 'the kind of draws counter'],
  [{ trainFrom: ['layer4', 'fc'] }, 'the training from conv1'],
] as [Partial<typeof CAPABILITIES>, string][])(
  'a backend of %j refuses %s, and says what can do it',
  (changes, what) => {
    expect(() => check(changes)).toThrow(
      expect.objectContaining({
        code: 'BACKEND_UNAVAILABLE',
        message: `The backend js (wasm) does not have ${what}`,
        hint: "With LibTorch: npx resnet-ft train 'my photos' --epochs 3 --draws counter --backend native",
      }),
    );
  },
);

test('a cache of augmented views is refused where features of such are not kept', () => {
  const views = resolveTrainOptions({ data: 'photos', trainFrom: 'fc', cacheViews: 2, backend: 'js' });
  const backend = { label: 'js (wasm)', capabilities: { ...CAPABILITIES, views: false } };
  expect(() => requireCapabilities(backend, recipeOf(views), views)).toThrow(
    'The backend js (wasm) does not have the cache of augmented views',
  );
});

test('a backend that has everything refuses nothing', () => {
  expect(() => check({})).not.toThrow();
});
