import { LrCurve } from '../../lib/lr-find/curve';
import { risingRates } from '../../lib/lr-find/rates';

/** A small generator, so that noise is the same in each run. */
export function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

/** The curve of 100 steps from 1e-6 to 10 whose losses are a function of the rate's place, 0 to 1. */
export function curveOf(lossAt: (place: number, step: number) => number, steps = 100): LrCurve {
  const curve = new LrCurve();
  risingRates(1e-6, 10, steps).forEach((lr, i) => curve.add(lr, lossAt(i / (steps - 1), i)));
  return curve;
}

/** What a network does: nothing at first, then the loss falls, and then it explodes. */
export function usual(place: number): number {
  const fallen = 0.2 + 0.8 / (1 + Math.exp(22 * (place - 0.55)));
  return fallen + Math.exp(60 * (place - 0.85));
}
