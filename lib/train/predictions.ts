import type { Sample } from '../data/image-folder';
import { score, Tally } from '../eval/metrics';
import type { PredictionRecord } from '../eval/predictions-file';
import { softmax } from '../network/softmax';
import type { ClassFigures } from './events';

/** Pairs every sample with its row of `logits` (samples x classes). */
export function predictions(
  samples: readonly Sample[],
  classes: readonly string[],
  logits: Float32Array,
): PredictionRecord[] {
  return samples.map((sample, index) => {
    const probabilities = softmax(logits.subarray(index * classes.length, (index + 1) * classes.length));
    let best = 0;
    for (let i = 1; i < probabilities.length; i++) {
      if ((probabilities[i] ?? 0) > (probabilities[best] ?? 0)) best = i;
    }
    return {
      file: sample.file,
      trueClass: classes[sample.target] ?? '',
      predictedClass: classes[best] ?? '',
      probabilities: Object.fromEntries(classes.map((name, i) => [name, probabilities[i] ?? 0])),
    };
  });
}

/** Figures of each class from the logits of the samples (samples x classes); an image whose logits are not numbers is left out. */
export function perClass(samples: readonly Sample[], classes: readonly string[], logits: Float32Array): ClassFigures[] {
  const tally = new Tally(classes.map((_, output) => output));
  samples.forEach(({ target }, index) => {
    const scored = score(logits.subarray(index * classes.length, (index + 1) * classes.length), target);
    if (scored !== undefined) tally.add(target, scored);
  });
  return classes.map((name, row) => ({ name, ...tally.classFigures(row) }));
}
