import { ANTS_BEES } from '../cli/run';

/** A run from scratch that takes seconds, the same on every CPU. */
export const SMALL_RUN = [
  ...['train', ANTS_BEES, '--weights', 'none', '--arch', 'resnet18', '--batch-size', '4'],
  ...['--device', 'cpu', '--precision', 'fp32'],
];
