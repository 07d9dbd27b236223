/** How sure a model is of an image of a known class, and how far its training images are. */
export interface KnownImage {
  calibrated: number;
  distance: number;
}

/** Limits within which images count as known. */
export interface Limits {
  probability: number;
  distance: number;
  /** How many of the images are within both. */
  kept: number;
}

/**
 * How far from the last image that is kept a limit lies: in the middle between it and the first that is left out, where that is within these. On an
 * image's own figure, rounding would decide, which is another with other batches, threads, machines and libraries; of figures that are nearer to one
 * another than `least`, as those of near-duplicates, the limit parts none.
 */
interface Margin {
  least: number;
  most: number;
}

const PROBABILITY: Margin = { least: 1e-5, most: 1e-3 };
const marginOf = (distance: number): Margin => ({ least: 1e-4, most: Math.max(1e-4, distance / 100) });

/** @param gap between the last image that is kept and the first that is left out; Infinity where none is */
const within = ({ least, most }: Margin, gap: number): number => Math.max(least, Math.min(most, gap / 2));

/**
 * The tightest limits by which at least a share of the images is known: each limit leaves out as many images as the other, those that
 * are least sure and those that are furthest away, as many as the share allows for both together, and no image is nearer to a limit than rounding may move it.
 *
 * @param images one at least
 * @param keep above 0, at most 1
 */
export function limitsFor(images: readonly KnownImage[], keep: number): Limits {
  const needed = Math.ceil(keep * images.length - 1e-9);
  const probabilities = images.map(({ calibrated }) => calibrated).sort((a, b) => a - b);
  const distances = images.map(({ distance }) => distance).sort((a, b) => b - a);
  const numberWithin = (probability: number, distance: number): number =>
    images.filter((one) => one.calibrated >= probability && one.distance <= distance).length;
  // By their own figures, without what the margins keep beside: of those that lie there, rounding may leave out some.
  const keptBut = (out: number): number => numberWithin(probabilities[out] ?? 0, distances[out] ?? 1);
  // The tighter, the fewer are kept: what is looked for lies between one that keeps enough, as the first does, and one that does not.
  let [enough, tooFew] = [0, images.length];
  while (tooFew - enough > 1) {
    const middle = (enough + tooFew) >> 1;
    if (keptBut(middle) < needed) tooFew = middle;
    else enough = middle;
  }
  const [least = 0, furthest = 1] = [probabilities[enough], distances[enough]];
  const lower = within(PROBABILITY, least - (probabilities[enough - 1] ?? -Infinity));
  const further = within(marginOf(furthest), (distances[enough - 1] ?? Infinity) - furthest);
  const limits = { probability: Math.max(0, least - lower), distance: Math.min(1, furthest + further) };
  return { ...limits, kept: numberWithin(limits.probability, limits.distance) };
}
