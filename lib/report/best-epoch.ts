import type { EpochRecord } from './records';

/** The best epoch so far, as `train` chooses among those of a run that was stopped; undefined where none has a loss that is a number. */
export function bestEpoch(epochs: readonly EpochRecord[]): EpochRecord | undefined {
  return epochs
    .filter(({ valLoss }) => Number.isFinite(valLoss))
    .reduce<EpochRecord | undefined>((best, one) => {
      const better =
        best === undefined ||
        one.valAccuracy > best.valAccuracy ||
        (one.valAccuracy === best.valAccuracy && one.valLoss < best.valLoss);
      return better ? one : best;
    }, undefined);
}
