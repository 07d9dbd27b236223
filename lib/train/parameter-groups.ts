import type { ParameterGroup } from '../backend/recipe';
import { TRAIN_FROM, type ResolvedTrainOptions, type TrainFrom } from '../options';

type GroupOptions = Pick<ResolvedTrainOptions, 'trainFrom' | 'lr' | 'lrHead' | 'lrLayerDecay'>;

/** The parameter groups of a run, from the input to the output: one, unless rates differ; then as many as there are rates. */
export function parameterGroups(options: Omit<GroupOptions, 'lr'>): ParameterGroup[] {
  return startsOf(options).map((from) => ({ from }));
}

/**
 * The learning rate of each of these groups where the schedule is at its height. With a layer decay, that of each stage is that of the
 * stage after it times the decay; `fc` has `--lr`, or `--lr-head`, from which the others do not depend.
 */
export function groupRates(options: GroupOptions): number[] {
  const { lr, lrHead, lrLayerDecay } = options;
  const head = TRAIN_FROM.length - 1;
  return startsOf(options).map((from) => {
    const before = head - TRAIN_FROM.indexOf(from);
    return before === 0 ? (lrHead ?? lr) : lr * lrLayerDecay ** before;
  });
}

function startsOf({ trainFrom, lrHead, lrLayerDecay }: Omit<GroupOptions, 'lr'>): TrainFrom[] {
  const stages = TRAIN_FROM.slice(TRAIN_FROM.indexOf(trainFrom));
  if (lrLayerDecay !== 1) return stages;
  return lrHead === undefined || trainFrom === 'fc' ? [trainFrom] : [trainFrom, 'fc'];
}
