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
 * The tightest limits by which at least a share of the images is known: each limit leaves out as many images as the other, those that
 * are least sure and those that are furthest away, as many as the share allows for both together.
 *
 * @param images one at least
 * @param keep above 0, at most 1
 */
export function limitsFor(images: readonly KnownImage[], keep: number): Limits {
  const needed = Math.ceil(keep * images.length - 1e-9);
  const probabilities = images.map(({ calibrated }) => calibrated).sort((a, b) => a - b);
  const distances = images.map(({ distance }) => distance).sort((a, b) => b - a);
  const leavingOut = (out: number): Limits => {
    const limits = { probability: probabilities[out] ?? 0, distance: distances[out] ?? 1 };
    const kept = images.filter((one) => one.calibrated >= limits.probability && one.distance <= limits.distance).length;
    return { ...limits, kept };
  };
  // The tighter, the fewer are kept: what is looked for lies between one that keeps enough and one that does not.
  let best: Limits = { probability: 0, distance: 1, kept: images.length };
  let [enough, tooFew] = [-1, images.length];
  while (tooFew - enough > 1) {
    const middle = (enough + tooFew) >> 1;
    const limits = leavingOut(middle);
    if (limits.kept < needed) tooFew = middle;
    else [enough, best] = [middle, limits];
  }
  return best;
}
