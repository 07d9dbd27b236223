import { mulberry32, shuffled } from '../data/draw';
import { softmax } from '../network/softmax';

/** Images of a step, epochs, and the least and most steps: those of the recipe `linear` (`lib/options/recipes.ts`). */
const BATCH = 64;
const EPOCHS = 20;
const STEPS = [300, 3000] as const;
const MOMENTUM = 0.9;
const RATE = 0.5;

/** Weight decays that are tried; the first part of the cross-validation decides. */
const DECAYS = [1e-1, 1e-2, 1e-3];

/** Images that a linear classifier is trained on and judges. */
export interface ProbeData {
  /** Rows of the same width, one for each image: {@link standardised}. */
  values: Float32Array;
  width: number;
  labels: Int32Array;
  classes: number;
}

/**
 * Probabilities of each image's classes by a logistic regression that was trained on the other parts.
 *
 * @param parts the part of each image, from 0
 * @returns the probabilities, image by image
 */
export async function crossValidated(
  data: ProbeData,
  parts: Uint8Array,
  seed: number,
  control: { onPart: (done: number) => void; pause: () => Promise<void> },
): Promise<Float64Array> {
  const probabilities = new Float64Array(data.labels.length * data.classes);
  // Not spread into arguments: there may be more images than a call takes.
  const count = parts.reduce((most, part) => Math.max(most, part), 0) + 1;
  let decay: number | undefined;
  for (let part = 0; part < count; part++) {
    const rows = { train: indicesOf(parts, (own) => own !== part), held: indicesOf(parts, (own) => own === part) };
    decay ??= await bestDecay(data, rows, seed, control.pause);
    const weights = await train(data, rows.train, decay, seed, control.pause);
    for (const row of rows.held) probabilities.set(softmax(logits(data, weights, row)), row * data.classes);
    control.onPart(part + 1);
  }
  return probabilities;
}

/**
 * Deals images out to parts: of each class, every part has as many as any other or one more, and images that stand for one another are in the same.
 *
 * @param together what is the same for images that must not be divided
 */
export function dealOut(labels: Int32Array, together: Int32Array, count: number, seed: number): Uint8Array {
  const random = mulberry32(seed);
  const groups = new Map<number, number[]>();
  for (const [i, group] of together.entries()) putInto(groups, group, i);
  const byClass = new Map<number, number[][]>();
  for (const group of groups.values()) putInto(byClass, labels[group[0] ?? 0] ?? 0, group);
  const parts = new Uint8Array(labels.length);
  let dealt = 0;
  for (const label of [...byClass.keys()].sort((a, b) => a - b)) {
    for (const group of shuffled(byClass.get(label) ?? [], random)) {
      for (const i of group) parts[i] = dealt % count;
      dealt++;
    }
  }
  return parts;
}

/** Adds to one of several lists, which may grow long: none is copied for it. */
function putInto<T>(lists: Map<number, T[]>, key: number, one: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [one]);
  else list.push(one);
}

/** Columns of mean 0 and variance 1, divided by the root of their number, so that a row's length is about 1; columns that are the same all over are 0. */
export function standardised(values: Float32Array, width: number): Float32Array {
  const count = values.length / width;
  const mean = new Float64Array(width);
  const squares = new Float64Array(width);
  for (let i = 0; i < values.length; i++) mean[i % width] = (mean[i % width] as number) + (values[i] as number) / count;
  for (let i = 0; i < values.length; i++) {
    squares[i % width] = (squares[i % width] as number) + ((values[i] as number) - (mean[i % width] as number)) ** 2;
  }
  const scale = squares.map((sum) => (sum > 1e-12 * count ? 1 / Math.sqrt((sum / count) * width) : 0));
  return Float32Array.from(values, (value, i) => (value - (mean[i % width] as number)) * (scale[i % width] as number));
}

const indicesOf = (parts: Uint8Array, wanted: (part: number) => boolean): Int32Array =>
  Int32Array.from(parts.keys()).filter((i) => wanted(parts[i] as number));

/** The weight decay with the least loss on the images that are held out. */
async function bestDecay(
  data: ProbeData,
  rows: { train: Int32Array; held: Int32Array },
  seed: number,
  pause: () => Promise<void>,
): Promise<number> {
  let best = { decay: DECAYS[0] as number, loss: Infinity };
  for (const decay of DECAYS) {
    const weights = await train(data, rows.train, decay, seed, pause);
    let loss = 0;
    for (const row of rows.held) {
      loss -= Math.log(Math.max(1e-12, softmax(logits(data, weights, row))[data.labels[row] ?? 0] ?? 0));
    }
    if (loss < best.loss) best = { decay, loss };
  }
  return best.decay;
}

/** Rows of weights, one for each class, whose last number is its bias. */
type Weights = Float64Array;

function logits({ values, width, classes }: ProbeData, weights: Weights, row: number): Float64Array {
  const at = row * width;
  return Float64Array.from({ length: classes }, (_, c) => {
    const own = c * (width + 1);
    let sum = weights[own + width] as number;
    for (let i = 0; i < width; i++) sum += (weights[own + i] as number) * (values[at + i] as number);
    return sum;
  });
}

/** Logistic regression of several classes by SGD with momentum, on a cosine. */
async function train(
  data: ProbeData,
  rows: Int32Array,
  decay: number,
  seed: number,
  pause: () => Promise<void>,
): Promise<Weights> {
  const { values, width, labels, classes } = data;
  const weights = new Float64Array(classes * (width + 1));
  const velocity = new Float64Array(weights.length);
  const random = mulberry32(seed);
  const batch = Math.min(BATCH, rows.length);
  const steps = Math.min(STEPS[1], Math.max(STEPS[0], Math.ceil((EPOCHS * rows.length) / batch)));
  let order: number[] = [];
  for (let step = 0; step < steps; step++) {
    if (order.length < batch) order = shuffled([...rows], random);
    const gradient = new Float64Array(weights.length);
    for (const row of order.splice(-batch)) {
      const errors = softmax(logits(data, weights, row));
      errors[labels[row] as number] = (errors[labels[row] as number] as number) - 1;
      for (let c = 0; c < classes; c++) {
        const error = (errors[c] as number) / batch;
        const own = c * (width + 1);
        for (let i = 0, at = row * width; i < width; i++, at++) {
          gradient[own + i] = (gradient[own + i] as number) + error * (values[at] as number);
        }
        gradient[own + width] = (gradient[own + width] as number) + error;
      }
    }
    const rate = (RATE / 2) * (1 + Math.cos((Math.PI * step) / steps));
    for (let i = 0; i < weights.length; i++) {
      const slope = (gradient[i] as number) + ((i + 1) % (width + 1) === 0 ? 0 : decay * (weights[i] as number));
      velocity[i] = MOMENTUM * (velocity[i] as number) + slope;
      weights[i] = (weights[i] as number) - rate * (velocity[i] as number);
    }
    if (step % 8 === 0) await pause();
  }
  return weights;
}
