/** The largest relative difference that is taken for agreement: float32 on every backend gives some 1e-6, TF32 on a GPU 1e-3. */
export const TOLERANCE = 1e-2;

/**
 * Compares logits of the same images, as many of them as both have.
 *
 * @param reference row-major, images x classes
 * @returns the largest absolute difference divided by the largest absolute logit of the reference; NaN where a logit is no finite
 *   number, or nothing can be compared
 */
export function relativeDifference(
  reference: Float32Array,
  values: Float32Array,
  classes: number,
): { images: number; difference: number } {
  const images = Math.floor(Math.min(reference.length, values.length) / classes);
  let largest = 0;
  let difference = images === 0 ? NaN : 0;
  for (let i = 0; i < images * classes; i++) {
    const a = reference[i] as number;
    const b = values[i] as number;
    if (!Number.isFinite(a) || !Number.isFinite(b)) return { images, difference: NaN };
    largest = Math.max(largest, Math.abs(a));
    difference = Math.max(difference, Math.abs(a - b));
  }
  return { images, difference: difference === 0 ? 0 : difference / largest };
}

/** Whether a backend that differs so much from the reference computes the same. */
export function agrees(difference: number): boolean {
  return difference <= TOLERANCE;
}

/** Index of the largest logit of every image. */
export function predictedClasses(logits: Float32Array, classes: number): number[] {
  return Array.from({ length: Math.floor(logits.length / classes) }, (_, image) => {
    const row = logits.subarray(image * classes, (image + 1) * classes);
    return row.reduce((best, value, i) => (value > (row[best] as number) ? i : best), 0);
  });
}
