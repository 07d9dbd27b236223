import type { EpochRecord } from './records';

type Figures = Pick<EpochRecord, 'valAccuracy' | 'valLoss'>;

/** Whether `a` beats `b`: higher validation accuracy, and where equal, lower validation loss. */
export function isBetter(a: Figures, b: Figures | undefined): boolean {
  if (b === undefined) return true;
  return a.valAccuracy > b.valAccuracy || (a.valAccuracy === b.valAccuracy && a.valLoss < b.valLoss);
}

/** The best epoch so far, as `train` chooses among those of a run that was stopped; undefined where none has a loss that is a number. */
export function bestEpoch(epochs: readonly EpochRecord[]): EpochRecord | undefined {
  return epochs
    .filter(({ valLoss }) => Number.isFinite(valLoss))
    .reduce<EpochRecord | undefined>((best, one) => (isBetter(one, best) ? one : best), undefined);
}
