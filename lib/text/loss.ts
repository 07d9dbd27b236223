/** A loss as a person reads it: `0.3142`; one that ran away is short too: `3.80e+21`. */
export function lossText(loss: number): string {
  return Number.isFinite(loss) && Math.abs(loss) >= 1000 ? loss.toExponential(2) : loss.toFixed(4);
}
