import { softmax } from '../network/softmax';

/**
 * When a model says "none of these": where its calibrated probability is below that of nearly all images of its classes (temperature scaling:
 * Guo et al., ICML 2017, arXiv:1706.04599), or where the training images that look most alike to it are further away than those of nearly all
 * images of its classes (the distance of the k-th nearest neighbour: Sun et al., ICML 2022, arXiv:2204.06507).
 */
export interface UnknownRule {
  /** What logits are divided by. */
  temperature: number;
  /** The least probability of the best class, calibrated, that counts as known. */
  probability: number;
  /** The greatest distance to the k-th nearest reference that counts as known: one less the cosine. */
  distance: number;
  /** k. */
  neighbours: number;
  /** Share of the validation images that both limits together keep as known, as it was asked for. */
  keep: number;
  references: References;
}

/** Features of training images, all of length 1, in bytes. */
export interface References {
  count: number;
  width: number;
  /** Row-major; features are never below 0, for they come out of a ReLU. */
  bytes: Uint8Array;
}

/** How a rule judges an image. */
export interface Verdict {
  /** Whether it is none of the model's classes. */
  unknown: boolean;
  /** Calibrated probability of the best class. */
  calibrated: number;
  /** Distance to the k-th nearest training image of those that the model carries, 0 to 1. */
  distance: number;
}

/** A level of a byte. */
const LEVELS = 255;

/** Features divided by their length, so that the product of two is the cosine between them; zeros stay zeros. */
export function unitVector(features: ArrayLike<number>): Float32Array {
  let sum = 0;
  for (let i = 0; i < features.length; i++) sum += (features[i] ?? 0) ** 2;
  const length = Math.sqrt(sum);
  return Float32Array.from(features, (value) => (length > 0 ? value / length : 0));
}

/** One minus the cosine between vectors of length 1: half the square of their Euclidean distance, and so in the same order. */
export function cosineDistance(a: Float32Array, rows: Float32Array, row: number): number {
  let product = 0;
  const begin = row * a.length;
  for (let i = 0; i < a.length; i++) product += (a[i] ?? 0) * (rows[begin + i] ?? 0);
  return Math.max(1 - product, 0);
}

/** Rows of length 1 as bytes, each by its own greatest value; {@link dequantized} makes them of length 1 again. */
export function quantized(rows: readonly Float32Array[]): References {
  const width = rows[0]?.length ?? 0;
  const bytes = new Uint8Array(rows.length * width);
  for (const [r, row] of rows.entries()) {
    const most = row.reduce((a, b) => Math.max(a, b), 0);
    row.forEach((value, i) => (bytes[r * width + i] = most > 0 ? Math.round((value / most) * LEVELS) : 0));
  }
  return { count: rows.length, width, bytes };
}

function dequantized({ count, width, bytes }: References): Float32Array {
  const rows = new Float32Array(count * width);
  for (let r = 0; r < count; r++) rows.set(unitVector(bytes.subarray(r * width, (r + 1) * width)), r * width);
  return rows;
}

/** The k-th least distance from features of length 1 to rows; the greatest where there are fewer. */
export function nearestDistance(features: Float32Array, rows: Float32Array, k: number): number {
  const count = rows.length / features.length;
  const distances = Float64Array.from({ length: count }, (_, row) => cosineDistance(features, rows, row)).sort();
  return distances[Math.min(k, count) - 1] ?? 1;
}

/** Judges images by a rule. */
export class UnknownJudge {
  private readonly rows: Float32Array;

  constructor(private readonly rule: UnknownRule) {
    this.rows = dequantized(rule.references);
  }

  /** @param features before `fc`, as the network gives them */
  judge(logits: ArrayLike<number>, features: ArrayLike<number>): Verdict {
    const { temperature, neighbours } = this.rule;
    // Of the network's own logits: whether the model has a temperature beside the rule makes no difference.
    const calibrated = softmax(logits, temperature).reduce((a, b) => Math.max(a, b), 0);
    const distance = nearestDistance(unitVector(features), this.rows, neighbours);
    return { unknown: calibrated < this.rule.probability || distance > this.rule.distance, calibrated, distance };
  }
}

/** The rule as text for the metadata of a file. */
export function unknownToText({ references, ...rule }: UnknownRule): string {
  const { count, width, bytes } = references;
  return JSON.stringify({ ...rule, references: { count, width, bytes: Buffer.from(bytes).toString('base64') } });
}

const isNumber = (value: unknown, least: number, most: number): value is number =>
  typeof value === 'number' && value >= least && value <= most;

const isCount = (value: unknown, most: number): value is number => isNumber(value, 1, most) && Number.isInteger(value);

/**
 * Reads what {@link unknownToText} wrote.
 *
 * @param width features of the network
 * @returns undefined where the text is no rule for such a network
 */
export function unknownFromText(text: string, width: number): UnknownRule | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { temperature, probability, distance, neighbours, keep, references } = value as Record<string, unknown>;
  if (typeof references !== 'object' || references === null) return undefined;
  const { count, width: given, bytes: encoded } = references as Record<string, unknown>;
  if (given !== width || !isCount(count, 1e6) || !isCount(neighbours, 1e6) || typeof encoded !== 'string') {
    return undefined;
  }
  if (!isNumber(temperature, 1e-3, 1e3) || !isNumber(probability, 0, 1) || !isNumber(distance, 0, 1)) return undefined;
  if (!isNumber(keep, 0, 1)) return undefined;
  const bytes = bytesOf(encoded);
  if (bytes?.length !== count * width) return undefined;
  return { temperature, probability, distance, neighbours, keep, references: { count, width, bytes } };
}

/** Base64 without Node.js's Buffer, which browsers lack: @resnet-ft/runtime reads rules there. */
function bytesOf(encoded: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
