import { median, spread } from './statistics';
import type { Figure } from './types';

/** How long a measurement may take. */
export interface Budget {
  /** Seconds of one repeat, at least. */
  duration: number;
  repeats: number;
}

/** A measurement is skipped if it is expected to take longer than this many times the duration. */
const PATIENCE = 20;
/** No further repeat begins once a measurement would take this many times as long as was asked for. */
export const OVERRUN = 2;
/** Passes within a repeat: so many that the clock is looked at often enough, and few, for a pass has a beginning and an end. */
const PASSES = 4;

/** Seconds that a single pass may take. */
export const patience = ({ duration }: Pick<Budget, 'duration'>): number => PATIENCE * duration;

/** What is measured. */
export interface Work {
  /** Handles so many images, a multiple of `batchSize`. */
  run: (images: number) => Promise<void>;
  batchSize: number;
  /** The most images that one call of `run` can take. */
  most: number;
  /** Images per second that are expected, from what was measured before. */
  expected: number;
  /** Seconds, from any beginning. */
  now?: () => number;
}

/**
 * Measures images per second. One batch runs beforehand, to warm up, unless that alone is expected to take longer than a repeat. Where
 * a repeat takes much longer than asked for, fewer are made, and the figure is a sample.
 *
 * @returns skipped where one batch is expected to take longer than {@link patience}
 */
export async function measure(work: Work, budget: Budget): Promise<Figure> {
  const { run, batchSize, most, now = () => performance.now() / 1000 } = work;
  const { duration, repeats } = budget;
  const expected = batchSize / work.expected;
  if (expected > patience(budget)) return { batchSize, skipped: `one batch would take about ${seconds(expected)}` };

  const time = async (images: number): Promise<number> => {
    const begun = now();
    await run(images);
    return Math.max(now() - begun, 1e-9);
  };
  let perBatch = expected;
  if (expected <= duration) perBatch = await time(batchSize);

  const rates: number[] = [];
  let spent = 0;
  while (rates.length < repeats) {
    const last = spent / Math.max(rates.length, 1);
    if (rates.length > 0 && spent + last > OVERRUN * repeats * duration) break;
    const batches = Math.floor(Math.min(duration / PASSES / perBatch, most / batchSize));
    const images = batchSize * Math.max(1, batches);
    let done = 0;
    let elapsed = 0;
    while (elapsed < duration) {
      elapsed += await time(images);
      done += images;
    }
    spent += elapsed;
    rates.push(done / elapsed);
    perBatch = (batchSize * elapsed) / done;
  }
  return {
    batchSize,
    imagesPerSecond: median(rates),
    spread: spread(rates),
    repeats: rates,
    sample: rates.length < repeats,
  };
}

/** `80 s`, `0.4 s`. */
export function seconds(value: number): string {
  return `${value >= 10 ? Math.round(value) : Number(value.toPrecision(2))} s`;
}
