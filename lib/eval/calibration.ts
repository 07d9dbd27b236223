import { softmax } from '../network/softmax';

/** Bins of equal width over the probability of the predicted class: as many as Guo et al. take. */
export const BINS = 15;

/** The images whose probability is in one bin. */
export interface Bin {
  low: number;
  high: number;
  images: number;
  /** Mean probability, and the share that was right; NaN where there are no images. */
  confidence: number;
  accuracy: number;
}

/** How well probabilities tell how often a model is right. */
export interface Reliability {
  bins: Bin[];
  /** Expected calibration error: the mean over all images of how far confidence and accuracy of their bin are apart. */
  error: number;
}

/**
 * A reliability diagram and the expected calibration error.
 *
 * C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, On calibration of modern neural networks, ICML 2017, arXiv:1706.04599, equations (2), (3) and (5).
 */
export function reliabilityOf(images: readonly { probability: number; right: boolean }[]): Reliability {
  const sums = Array.from({ length: BINS }, () => ({ images: 0, confidence: 0, right: 0 }));
  for (const { probability, right } of images) {
    // (0, 1/15], (1/15, 2/15], …
    const sum = sums[Math.min(BINS - 1, Math.max(0, Math.ceil(probability * BINS) - 1))];
    if (sum === undefined) continue;
    sum.images++;
    sum.confidence += probability;
    sum.right += Number(right);
  }
  const bins = sums.map((sum, i) => ({
    ...{ low: i / BINS, high: (i + 1) / BINS, images: sum.images },
    ...{ confidence: sum.confidence / sum.images, accuracy: sum.right / sum.images },
  }));
  const apart = bins.filter((bin) => bin.images > 0).map((bin) => bin.images * Math.abs(bin.accuracy - bin.confidence));
  return { bins, error: apart.reduce((a, b) => a + b, 0) / images.length };
}

/** A temperature is looked for between these. */
export const TEMPERATURES = { least: 0.05, greatest: 20 };

/**
 * The temperature by which logits are divided for the least negative log-likelihood of the true classes (Guo et al., section 4.2). That likelihood
 * is convex in the temperature's inverse, whose derivative is bisected.
 *
 * @param logits of each image; logarithms of probabilities do as well
 * @param targets the true class of each
 * @returns within {@link TEMPERATURES}; an end of these where more would do better still, as with a model that is always right
 */
export function fitTemperature(logits: readonly ArrayLike<number>[], targets: readonly number[]): number {
  const slope = (inverse: number): number =>
    logits.reduce((sum, row, i) => sum + meanOf(row, inverse) - (row[targets[i] ?? 0] ?? 0), 0);
  let low = 1 / TEMPERATURES.greatest;
  let high = 1 / TEMPERATURES.least;
  if (slope(low) >= 0) return TEMPERATURES.greatest;
  if (slope(high) <= 0) return TEMPERATURES.least;
  for (let i = 0; i < 50; i++) {
    // The inverse ranges over decades.
    const middle = Math.sqrt(low * high);
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  return 1 / Math.sqrt(low * high);
}

/** The mean of logits by the softmax of themselves times `inverse`. */
function meanOf(row: ArrayLike<number>, inverse: number): number {
  let highest = -Infinity;
  for (let k = 0; k < row.length; k++) highest = Math.max(highest, row[k] ?? 0);
  let [sum, weighted] = [0, 0];
  for (let k = 0; k < row.length; k++) {
    const power = Math.exp(((row[k] ?? 0) - highest) * inverse);
    sum += power;
    weighted += power * (row[k] ?? 0);
  }
  return weighted / sum;
}

/** Whether images tell this temperature: not where it is an end of {@link TEMPERATURES}, and more would do better still. */
export function isTold(temperature: number): boolean {
  return temperature > TEMPERATURES.least && temperature < TEMPERATURES.greatest;
}

/** Parts of the images, of which each is scaled by the temperature of the others. */
const FOLDS = 5;

/** What a temperature does. */
export interface Calibration {
  temperature: number;
  before: Reliability;
  /** Each image scaled by a temperature that was fitted without it. */
  after: Reliability;
  /** Mean negative log-likelihood, likewise. */
  loss: { before: number; after: number };
}

/** How well the probabilities of logits tell how often a model is right, as they are. */
export function reliabilityOfLogits(logits: readonly ArrayLike<number>[], targets: readonly number[]): Reliability {
  return reliabilityOf(logits.map((row, i) => said(softmax(row), targets[i] ?? 0)));
}

/** Fits a temperature, and tells what it does to images that it was not fitted on. */
export function calibrate(logits: readonly ArrayLike<number>[], targets: readonly number[]): Calibration {
  const plain = logits.map((row, i) => said(softmax(row), targets[i] ?? 0));
  const held = logits.map((): Said | undefined => undefined);
  for (let fold = 0; fold < Math.min(FOLDS, logits.length); fold++) {
    const others = logits.flatMap((_, i) => (i % FOLDS === fold ? [] : [i]));
    const temperature = fitTemperature(
      others.map((i) => logits[i] ?? []),
      others.map((i) => targets[i] ?? 0),
    );
    logits.forEach((row, i) => {
      if (i % FOLDS === fold) held[i] = said(softmax(row, temperature), targets[i] ?? 0);
    });
  }
  const after = held.filter((one) => one !== undefined);
  const mean = (all: readonly Said[]): number => all.reduce((sum, { loss }) => sum + loss, 0) / all.length;
  return {
    temperature: fitTemperature(logits, targets),
    before: reliabilityOf(plain),
    after: reliabilityOf(after),
    loss: { before: mean(plain), after: mean(after) },
  };
}

interface Said {
  probability: number;
  right: boolean;
  loss: number;
}

function said(probabilities: readonly number[], target: number): Said {
  const probability = probabilities.reduce((a, b) => Math.max(a, b), 0);
  const own = probabilities[target] ?? 0;
  return {
    probability,
    right: probabilities.indexOf(probability) === target,
    loss: -Math.log(Math.max(own, Number.MIN_VALUE)),
  };
}
