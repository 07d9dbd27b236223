/** Digits behind the point of per cents that stand side by side: ticks are a fifth of a span apart, and a drawing has room for three. */
export function digitsOf(span: number): number {
  if (span >= 0.01 || span <= 0) return 1;
  return span < 0.001 ? 3 : 2;
}

/** A share as a tick of an axis: in per cent, without zeros at the end. */
export const shareText = (value: number, digits: number): string => `${Number((value * 100).toFixed(digits))} %`;
