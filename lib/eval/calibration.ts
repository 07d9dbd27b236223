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

/** Lets the event loop do what else is waiting, and may throw; is called between images. */
export type Pause = () => Promise<void>;
const NONE: Pause = () => Promise.resolve();

/** Logits after which there is a pause: some milliseconds. */
const PIECE = 1 << 17;

/**
 * The temperature by which logits are divided for the least negative log-likelihood of the true classes (Guo et al., section 4.2). That likelihood
 * is convex in the temperature's inverse: the zero of its derivative is found by Newton's method, within bounds that are halved where that leaves them.
 *
 * @param logits of each image; logarithms of probabilities do as well
 * @param targets the true class of each
 * @param start a temperature that is near
 * @returns within {@link TEMPERATURES}; an end of these where more would do better still, as with a model that is always right
 * @throws what `pause` does
 */
export async function fitTemperature(
  logits: readonly ArrayLike<number>[],
  targets: readonly number[],
  { start = 1, pause = NONE }: { start?: number | undefined; pause?: Pause | undefined } = {},
): Promise<number> {
  const [least, greatest] = [1 / TEMPERATURES.greatest, 1 / TEMPERATURES.least];
  let [low, high] = [least, greatest];
  let inverse = Math.min(Math.max(1 / start, low), high);
  for (let i = 0; i < MOST_STEPS; i++) {
    const { slope, curvature } = await derivatives(logits, targets, inverse, pause);
    // Flat to the last digit: no other class than the true one has any probability, or each has the same at any temperature.
    if (slope === 0 && curvature === 0) return logits.every(isEven) ? TEMPERATURES.greatest : TEMPERATURES.least;
    if (slope < 0) low = inverse;
    else high = inverse;
    if (low === greatest) return TEMPERATURES.least;
    if (high === least) return TEMPERATURES.greatest;
    const newton = Math.min(Math.max(inverse - slope / curvature, least), greatest);
    if (Math.min(Math.abs(newton - inverse), high - low) <= TOLERANCE * inverse) return 1 / newton;
    // Of bounds that were not looked at yet, those of all temperatures, it may be the one.
    const inside = (newton > low || low === least) && (newton < high || high === greatest);
    // The inverse ranges over decades.
    inverse = inside ? newton : Math.sqrt(low * high);
  }
  return 1 / inverse;
}

const isEven = (row: ArrayLike<number>): boolean => Array.prototype.every.call(row, (value) => value === row[0]);

/** Newton's method takes some six. */
const MOST_STEPS = 100;
/** Share of the temperature by which it may be off. */
const TOLERANCE = 1e-12;

/** The first and second derivative of the negative log-likelihood by the temperature's inverse. */
async function derivatives(
  logits: readonly ArrayLike<number>[],
  targets: readonly number[],
  inverse: number,
  pause: Pause,
): Promise<{ slope: number; curvature: number }> {
  let [slope, curvature, numbers] = [0, 0, 0];
  for (const [i, row] of logits.entries()) {
    let highest = -Infinity;
    for (let k = 0; k < row.length; k++) highest = Math.max(highest, row[k] ?? 0);
    // By the distance to the highest, so that nothing is lost where that is far above the others.
    let [sum, first, second] = [0, 0, 0];
    for (let k = 0; k < row.length; k++) {
      const below = (row[k] ?? 0) - highest;
      const power = Math.exp(below * inverse);
      sum += power;
      first += power * below;
      second += power * below * below;
    }
    const mean = first / sum;
    slope += mean - ((row[targets[i] ?? 0] ?? 0) - highest);
    curvature += Math.max(0, second / sum - mean * mean);
    if ((numbers += row.length) < PIECE) continue;
    numbers = 0;
    await pause();
  }
  return { slope, curvature };
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

/**
 * Fits a temperature, and tells what it does to images that it was not fitted on.
 *
 * @throws what `pause` does
 */
export async function calibrate(
  logits: readonly ArrayLike<number>[],
  targets: readonly number[],
  pause?: Pause,
): Promise<Calibration> {
  const plain = logits.map((row, i) => said(softmax(row), targets[i] ?? 0));
  const fitted = await fitTemperature(logits, targets, { pause });
  const held = logits.map((): Said | undefined => undefined);
  for (let fold = 0; fold < Math.min(FOLDS, logits.length); fold++) {
    const others = logits.flatMap((_, i) => (i % FOLDS === fold ? [] : [i]));
    const temperature = await fitTemperature(
      others.map((i) => logits[i] ?? []),
      others.map((i) => targets[i] ?? 0),
      { start: fitted, pause },
    );
    logits.forEach((row, i) => {
      if (i % FOLDS === fold) held[i] = said(softmax(row, temperature), targets[i] ?? 0);
    });
  }
  const after = held.filter((one) => one !== undefined);
  const mean = (all: readonly Said[]): number => all.reduce((sum, { loss }) => sum + loss, 0) / all.length;
  return {
    temperature: fitted,
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
