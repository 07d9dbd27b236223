import { DRAWS, OPTIMIZERS, TRAIN_FROM } from '../../options';
import type { Capabilities } from '../types';

/** What the addon has: {@link Capabilities}. */
export const CAPABILITIES: Capabilities = {
  precisions: ['fp32', 'fp32-strict', 'bf16', 'fp64'],
  optimizers: OPTIMIZERS,
  losses: ['cross-entropy'],
  augmentations: [
    'horizontal-flip',
    'vertical-flip',
    'random-resized-crop',
    'rotation',
    'affine',
    'color-jitter',
    'grayscale',
    'rand-augment',
    'trivial-augment',
    'random-erasing',
    'mixup',
    'cutmix',
  ],
  keptFeatures: ['horizontal-flip'],
  views: true,
  draws: DRAWS,
  trainFrom: TRAIN_FROM,
  imageStore: true,
  // There a file can't be without a name while it is open, so that it would be left over where a process is killed.
  sharedStores: process.platform !== 'win32',
  gradCam: true,
};
