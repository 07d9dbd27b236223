import type { ResolvedTrainOptions } from '../options';
import { groupRates } from '../train/parameter-groups';

type GroupOptions = Pick<ResolvedTrainOptions, 'trainFrom' | 'lr' | 'lrHead' | 'lrLayerDecay'>;

/**
 * Rates that rise exponentially, each in the same proportion to the one before it; the first and the last are exactly the given ones.
 *
 * @param steps 2 or more
 */
export function risingRates(lrMin: number, lrMax: number, steps: number): Float64Array {
  const rates = Float64Array.from({ length: steps }, (_, i) => lrMin * (lrMax / lrMin) ** (i / (steps - 1)));
  rates[steps - 1] = lrMax;
  return rates;
}

/** The options with another rate, beside which `lrHead` keeps its proportion. */
export function atRate<T extends GroupOptions>(options: T, lr: number): T {
  const { lrHead } = options;
  return { ...options, lr, lrHead: lrHead === undefined ? undefined : lrHead * (lr / options.lr) };
}

/** Of each of these rates, that of each parameter group, in the proportions that the options give them. */
export function ratesOfGroups(options: GroupOptions, rates: Float64Array): Float64Array {
  return Float64Array.from(Array.from(rates).flatMap((rate) => groupRates(atRate(options, rate))));
}
