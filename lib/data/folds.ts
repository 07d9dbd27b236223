import { ResnetFtError } from '../errors';
import { firstOf } from '../text/first-of';
import { byTarget } from './by-target';
import { mulberry32, shuffled } from './draw';
import type { ImageFolder, Sample } from './image-folder';

/**
 * Deals the images of each class out to so many folds, in an order that the seed draws. Of a class each fold has as many images as any other,
 * or one more; the next class is dealt on from where the last one ended, so that this holds of all images too.
 *
 * @throws ResnetFtError DATA_INVALID that names the classes with fewer images than folds
 */
export function drawFolds(folder: ImageFolder, count: number, seed: number): Set<Sample>[] {
  const { root, classes } = folder;
  const random = mulberry32(seed);
  const folds = Array.from({ length: count }, () => new Set<Sample>());
  const tooFew: string[] = [];
  let dealt = 0;
  for (const [target, own] of byTarget(folder).entries()) {
    if (own.length < count) tooFew.push(`${classes[target] ?? ''} (${own.length})`);
    for (const sample of shuffled(own, random)) folds[dealt++ % count]?.add(sample);
  }
  if (tooFew.length > 0) {
    throw new ResnetFtError('DATA_INVALID', `${root}: too few images for ${count} folds: ${firstOf(tooFew)}`, {
      hint: 'A class needs an image for each fold: ask for fewer folds with --folds, or add images',
    });
  }
  return folds;
}
