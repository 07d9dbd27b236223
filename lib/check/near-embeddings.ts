import type { Pair } from './duplicates';
import { Groups } from './groups';
import { nearHashes } from './near-hashes';
import { project, randomRows } from './random-matrix';

/** Cosine of two centred embeddings from which on the images count as look-alikes. */
const NEAR_COSINE = 0.97;

/** Sides of planes by which embeddings are hashed. */
const PLANES = 64;
/** Planes that two near embeddings may lie on different sides of: at a cosine of 0.97 it is 5 of 64 on average, with a spread of 2.2. */
const SIDES_APART = 11;
const SEED = 1;

/** Pairs for each image, on average, from which on embeddings tell nothing: they lie in clusters, as those of a model do that knows its images by heart. */
const MOST_PAIRS = 10;

/** Embeddings, one after the other. */
export interface Embeddings {
  values: Float32Array;
  /** Numbers of each. */
  width: number;
  /** The image that each is of, by its index. */
  images: Int32Array;
}

/**
 * Pairs of images whose embeddings point the same way, once what all have in common is taken off. Not all are compared with all: those that lie on the
 * same side of nearly all of 64 random planes are (M. S. Charikar, Similarity estimation techniques from rounding algorithms, STOC 2002), which finds 99
 * in 100 of the pairs at the threshold.
 *
 * @param groups the same for images that are copies of one another, of which one stands for all: their pairs tell nothing of the model
 * @returns as few pairs as join all that are near; undefined where nearly all are
 */
export async function nearEmbeddings(
  embeddings: Embeddings,
  groups: Int32Array,
  pause: () => Promise<void>,
): Promise<Pair[] | undefined> {
  const { width } = embeddings;
  const rows = firstOfEach(embeddings.images, groups);
  const images = rows.map((row) => embeddings.images[row] ?? 0);
  const centred = centredUnits(embeddings, rows);
  const planes = randomRows(PLANES, width, SEED);
  const high = new Uint32Array(images.length);
  const low = new Uint32Array(images.length);
  for (let i = 0; i < images.length; i++) {
    if (i % 256 === 0) await pause();
    const sides = project(planes, centred.subarray(i * width, (i + 1) * width));
    high[i] = bitsOf(sides.subarray(0, 32));
    low[i] = bitsOf(sides.subarray(32));
  }
  const pairs: Pair[] = [];
  const joined = new Groups(images.length);
  let near = 0;
  const clustered = (): boolean => near > MOST_PAIRS * images.length;
  await nearHashes(
    { high, low },
    SIDES_APART,
    (a, b) => {
      const score = dot(centred, a * width, b * width, width);
      if (score < NEAR_COSINE) return;
      near++;
      if (joined.of(a) === joined.of(b)) return;
      joined.join(a, b);
      pairs.push({ a: images[a] ?? 0, b: images[b] ?? 0, score: Math.min(1, score) });
    },
    pause,
    clustered,
  );
  return clustered() ? undefined : pairs;
}

function bitsOf(sides: Float32Array): number {
  let bits = 0;
  for (const side of sides) bits = (bits << 1) | (side > 0 ? 1 : 0);
  return bits >>> 0;
}

/** The rows of the first image of each group. */
function firstOfEach(images: Int32Array, groups: Int32Array): Int32Array {
  const met = new Set<number | undefined>();
  return Int32Array.from(images.keys()).filter((row) => {
    const group = groups[images[row] ?? 0];
    if (met.has(group)) return false;
    met.add(group);
    return true;
  });
}

/** Those of these rows, without their mean, and of length 1. */
function centredUnits({ values, width }: Embeddings, rows: Int32Array): Float32Array {
  const mean = new Float64Array(width);
  for (const row of rows) {
    for (let i = 0; i < width; i++) {
      mean[i] = (mean[i] as number) + (values[row * width + i] as number) / rows.length;
    }
  }
  const centred = new Float32Array(rows.length * width);
  for (const [to, row] of rows.entries()) {
    const at = to * width;
    for (let i = 0; i < width; i++) centred[at + i] = (values[row * width + i] as number) - (mean[i] as number);
    const length = Math.sqrt(dot(centred, at, at, width));
    if (length > 0) for (let i = at; i < at + width; i++) centred[i] = (centred[i] as number) / length;
  }
  return centred;
}

function dot(values: Float32Array, a: number, b: number, width: number): number {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += (values[a + i] as number) * (values[b + i] as number);
  return sum;
}
