import type { Dataset } from '../data/dataset';
import { cosineDistance, unitVector } from '../model/unknown';
import { READ, type Embeddings } from './embeddings';

/** A training image that looks like another to the network. */
export interface Neighbour {
  /** Absolute path. */
  file: string;
  /** Its class, by its folder. */
  class: string;
  /** One minus the cosine between the features before `fc`: 0 where they point the same way, 1 where they have nothing in common. */
  distance: number;
}

/**
 * The training images that look most alike to the network, nearest first; of equally near ones that which comes first in the data set.
 *
 * @param features before `fc`
 */
export function nearestImages(
  features: ArrayLike<number>,
  { rows, read }: Embeddings,
  { train, classes }: Pick<Dataset, 'train' | 'classes'>,
  count: number,
): Neighbour[] {
  const own = unitVector(features);
  return train
    .map((sample, row) => ({ sample, row, distance: 0 }))
    .filter(({ row }) => read[row] === READ)
    .map((one) => ({ ...one, distance: cosineDistance(own, rows, one.row) }))
    .sort((a, b) => a.distance - b.distance || a.row - b.row)
    .slice(0, count)
    .map(({ sample, distance }) => ({ file: sample.file, class: classes[sample.target] ?? '', distance }));
}
