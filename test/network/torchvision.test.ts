import { openJsBackend } from '../../lib/backend/js/backend';
import { openNativeBackend } from '../../lib/backend/native/backend';
import { expectLogits, expectStep } from './seeded';

// What torch and torchvision say: make_seeded.py. All of the networks are in torchvision.slow.ts.
describe('resnext50_32x4d of seed 0 does what torchvision says', () => {
  test('native: weights and logits', async () => {
    await expectLogits(await openNativeBackend(), 'resnext50_32x4d', 1e-5);
  });

  test('js: weights and logits', async () => {
    await expectLogits(await openJsBackend('wasm'), 'resnext50_32x4d', 1e-4);
  });

  test('native: a step of SGD in float64', async () => {
    await expectStep(await openNativeBackend(), 'resnext50_32x4d');
  });
});

test('wide_resnet50_2 of seed 0: weights and logits', async () => {
  await expectLogits(await openNativeBackend(), 'wide_resnet50_2', 1e-5);
});
