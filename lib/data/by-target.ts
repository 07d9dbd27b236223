import type { ImageFolder, Sample } from './image-folder';

/** The images of each class, in the order of the folder; found in one pass, for classes may be thousands, and images millions. */
export function byTarget({ classes, samples }: Pick<ImageFolder, 'classes' | 'samples'>): Sample[][] {
  const lists = classes.map((): Sample[] => []);
  for (const sample of samples) lists[sample.target]?.push(sample);
  return lists;
}
