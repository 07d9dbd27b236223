import { openNativeBackend } from '../../lib/backend/native/backend';
import { expectLogits, expectStep } from './seeded';

test.each(['resnext50_32x4d', 'resnext101_32x8d', 'resnext101_64x4d', 'wide_resnet50_2', 'wide_resnet101_2'] as const)(
  '%s of seed 0: weights, logits and a step of SGD in float64 are those of torchvision',
  async (arch) => {
    const backend = await openNativeBackend();
    await expectLogits(backend, arch, 1e-4);
    await expectStep(backend, arch);
  },
  600_000,
);
