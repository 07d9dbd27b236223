import { ResnetFtError } from '../errors';
import { softmax } from '../network/softmax';

/** A class and how probable it is. */
export interface ClassScore {
  /** Name of the class. */
  class: string;
  /** Its output of the network, from 0. */
  index: number;
  /** Softmax of the network's outputs, 0..1; of a calibrated model, of its outputs divided by its temperature. */
  probability: number;
}

/**
 * The most probable classes, best first; of equal ones that with the lower index first.
 *
 * @param count how many at most
 * @param model named in the error
 * @param temperature of a calibrated model; which class is how far ahead of which does not depend on it
 * @throws ResnetFtError WEIGHTS_INVALID where the outputs are no finite numbers
 */
export function bestClasses(
  logits: Float32Array,
  classes: readonly string[],
  count: number,
  model: string,
  temperature?: number,
): [ClassScore, ...ClassScore[]] {
  const scores = softmax(logits, temperature).map((probability, index) => ({
    class: classes[index] ?? '',
    index,
    probability,
  }));
  // Of the logits: two that differ may have the same probability where one is far above the others.
  scores.sort((a, b) => (logits[b.index] ?? 0) - (logits[a.index] ?? 0) || a.index - b.index);
  const [best, ...others] = scores.slice(0, count);
  if (best === undefined || !logits.every(Number.isFinite)) {
    throw new ResnetFtError('WEIGHTS_INVALID', `weights ${model}: the outputs of the network are not finite numbers`, {
      hint: 'The training may have diverged: try a lower learning rate',
    });
  }
  return [best, ...others];
}
