import type { ResolvedTrainOptions } from '../options';

type StepOptions = Pick<ResolvedTrainOptions, 'batchSize'> & { accumulate?: number };

/** Optimizer steps of an epoch of so many images; the last may have fewer images than the others. */
export function stepsPerEpoch(images: number, { batchSize, accumulate = 1 }: StepOptions): number {
  return Math.ceil(images / (batchSize * accumulate));
}

/** Optimizer steps of a run, and of each of its epochs. */
export function runSteps(
  images: number,
  options: StepOptions & Pick<ResolvedTrainOptions, 'epochs'> & { steps?: number | undefined },
): { stepsPerEpoch: number; total: number } {
  const own = stepsPerEpoch(images, options);
  return { stepsPerEpoch: own, total: Math.min(options.steps ?? Infinity, options.epochs * own) };
}
