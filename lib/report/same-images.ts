import path from 'node:path';
import type { ClassPrint } from '../data/fingerprint';
import type { Run } from './read-run';
import type { ScoredImage } from './scores';

// Two runs are compared by the images that both were validated on. Names alone do not tell that two images are the same: another data set may
// have them too. Paths alone do not tell that they are others: a data set may have moved, or be a copy.

/** A validation image of a run. */
interface Shown {
  file: string;
  /** Below the folder of its split, which begins with that of its class; undefined where that is not known. */
  name: string | undefined;
  class: string;
  right: boolean;
}

/** The validation images of a run, to find those of another one among them. */
export interface ShownImages {
  images: readonly Shown[];
  byFile: ReadonlyMap<string, Shown>;
  byName: ReadonlyMap<string, Shown>;
  prints: Readonly<Record<string, ClassPrint>>;
}

/** The validation images that a run tells of. */
export function shownImages({ scores, config: { classes, data } }: Pick<Run, 'scores' | 'config'>): ShownImages {
  const depth = depthOfClasses(scores.images, classes);
  const images = scores.images.map(({ file, truth, predicted }): Shown => {
    const name = depth === undefined ? undefined : file.split(path.sep).slice(depth).join('/');
    return { file, name, class: classes[truth] ?? '', right: truth === predicted };
  });
  const named = images.flatMap((one) => (one.name === undefined ? [] : [[one.name, one] as const]));
  return {
    images,
    byFile: new Map(images.map((one) => [one.file, one])),
    byName: new Map(named),
    // An older run has none.
    prints: data?.val ?? {},
  };
}

/** Which part of the paths is the folder of the class, as it is of all these images. */
function depthOfClasses(images: readonly ScoredImage[], classes: readonly string[]): number | undefined {
  const [first] = images;
  if (first === undefined) return undefined;
  const isClassAt = (depth: number): boolean =>
    images.every(({ file, truth }) => file.split(path.sep)[depth] === classes[truth]);
  const parts = first.file.split(path.sep).slice(0, -1);
  const depth = parts.findIndex((part, at) => part === classes[first.truth] && isClassAt(at));
  return depth < 0 ? undefined : depth;
}

/** What two runs have in common. */
export interface Common {
  /** Of each image that both have, whether the first and the second run have it right. */
  same: (readonly [first: boolean, second: boolean])[];
  /** Images of the first that the second has none of, but another one of the same name. */
  others: number;
}

/**
 * The images that two runs have in common: those of the same path, and those of the same name in a class of which both had the same images, by
 * names and sizes.
 */
export function commonImages(first: ShownImages, second: ShownImages): Common {
  const same: Common['same'] = [];
  let others = 0;
  for (const { file, name, class: of, right } of first.images) {
    const named = name === undefined ? undefined : second.byName.get(name);
    const other = second.byFile.get(file) ?? (isSamePrint(first, second, of) ? named : undefined);
    if (other !== undefined) same.push([right, other.right]);
    else if (named !== undefined) others++;
  }
  return { same, others };
}

function isSamePrint(first: ShownImages, second: ShownImages, name: string): boolean {
  const [a, b] = [first, second].map(({ prints }) => (Object.hasOwn(prints, name) ? prints[name] : undefined));
  return a !== undefined && a.images === b?.images && a.hash === b.hash;
}
