/** The middle of the values, or the mean of the two in the middle. At least one value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] as number;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] as number)) / 2;
}

/** Largest less smallest, divided by the median; null for one value, which has no spread. */
export function spread(values: readonly number[]): number | null {
  return values.length < 2 ? null : (Math.max(...values) - Math.min(...values)) / median(values);
}
