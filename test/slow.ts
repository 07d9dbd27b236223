/**
 * Whether `npm run test:slow` runs, which runs whole every file that imports this (jest.slow.config.js), so that rows of a table which go another
 * way over the same code need not lengthen each run of the suite.
 */
const SLOW = process.env['RESNET_FT_SLOW_TESTS'] === '1';

/** Rows of a table of cases: all of them in the slow suite, and else none. */
export function slowRows<T>(...rows: T[]): T[] {
  return SLOW ? rows : [];
}

/** How many of some cases: far more in the slow suite. */
export function inSlowSuite(slow: number, otherwise: number): number {
  return SLOW ? slow : otherwise;
}

/** A test of the slow suite alone. */
export function slowTest(name: string, work: () => Promise<void>): void {
  if (SLOW) test(name, work);
}
