import { DRAWS, OPTIMIZERS, TRAIN_FROM } from '../../options';
import type { Capabilities } from '../types';

/** What the addon has: {@link Capabilities}. */
export const CAPABILITIES: Capabilities = {
  precisions: ['fp32', 'bf16', 'fp64'],
  optimizers: OPTIMIZERS,
  losses: ['cross-entropy'],
  augmentations: ['horizontal-flip'],
  keptFeatures: ['horizontal-flip'],
  draws: DRAWS,
  trainFrom: TRAIN_FROM,
  imageStore: true,
};
