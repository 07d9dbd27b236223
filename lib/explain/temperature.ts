import { softmax } from '../network/softmax';

/** Between these the temperature is looked for: a model that is right about every image would have none. */
const [LEAST, GREATEST] = [0.05, 20];
const STEPS = 60;

/**
 * The temperature by which logits are divided for the likelihood of the true classes to be greatest (Guo et al., ICML 2017,
 * arXiv:1706.04599, section 4.2). The mean negative log-likelihood is convex in 1 / temperature: where its slope changes sign is bisected.
 *
 * @param targets the true class of each image
 * @returns 0.05 to 20
 */
export function fitTemperature(logits: readonly ArrayLike<number>[], targets: readonly number[]): number {
  const slope = (temperature: number): number =>
    logits.reduce((sum, row, i) => {
      const probabilities = softmax(Float64Array.from(row, (value) => value / temperature));
      const expected = probabilities.reduce((all, share, k) => all + share * (row[k] ?? 0), 0);
      return sum + expected - (row[targets[i] ?? 0] ?? 0);
    }, 0);
  let low = Math.log(LEAST);
  let high = Math.log(GREATEST);
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    // Too sure of itself: the temperature must rise.
    if (slope(Math.exp(middle)) > 0) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}
