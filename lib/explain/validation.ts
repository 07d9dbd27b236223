import type { Sample } from '../data/image-folder';
import { ownFault } from '../data/unreadable';
import { ResnetFtError } from '../errors';
import type { Classifier } from '../model/classifier';

/** What a model says of validation images; those that are damaged are left out. */
export interface Validated {
  logits: Float32Array[];
  /** None where they were not asked for. */
  features: Float32Array[];
  /** The true class of each. */
  targets: number[];
}

export interface ValidationOptions {
  batchSize: number;
  /** Whether the features before `fc` are wanted too. */
  features?: boolean;
  signal: AbortSignal;
  onImage: (done: number, total: number) => void;
}

/**
 * Runs a model over the validation images of its run.
 *
 * @param folder of the run, named in the error
 * @throws ResnetFtError IMAGE_UNREADABLE where none of them can be read, or one can't be for a passing reason: what is fitted would depend on
 *   chance; what running throws
 */
export async function validated(
  classifier: Classifier,
  samples: readonly Sample[],
  folder: string,
  { batchSize, features = false, signal, onImage }: ValidationOptions,
): Promise<Validated> {
  const all: Validated = { logits: [], features: [], targets: [] };
  const files = samples.map(({ file }) => file);
  let done = 0;
  for await (const result of classifier.run(files, { batchSize, features, signal })) {
    const target = samples[done++]?.target ?? 0;
    onImage(done, files.length);
    if (result.error !== undefined) {
      if (ownFault(result.error)) continue;
      throw result.error;
    }
    all.logits.push(result.logits);
    if (result.features !== undefined) all.features.push(result.features);
    all.targets.push(target);
  }
  if (all.logits.length === 0) {
    throw new ResnetFtError('IMAGE_UNREADABLE', `none of the images of ${folder} could be read`);
  }
  return all;
}
