// `Math.min(...values)` puts each value on the stack, which has room for some 125,000: there are data sets of more classes.

/** The least of some numbers; Infinity where there are none. */
export const leastOf = (values: readonly number[]): number =>
  values.reduce((least, one) => Math.min(least, one), Infinity);

/** The greatest of some numbers; -Infinity where there are none. */
export const mostOf = (values: readonly number[]): number =>
  values.reduce((most, one) => Math.max(most, one), -Infinity);
