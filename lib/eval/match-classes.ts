import { capital } from '../text/capital';
import { ResnetFtError } from '../errors';
import { rejectOption } from '../options';
import { firstOf } from '../text/first-of';
import { looseKey } from '../text/loose-key';
import { distance } from '../text/suggest';
import type { FolderTargets } from './class-map';

/** Most names that an error lists. */
const LISTED = 5;

export interface MatchOptions {
  /** Names of the folders of images. */
  folders: readonly string[];
  /** The folder that holds them, for errors. */
  root: string;
  /** Names of the model's outputs, in order. */
  classes: readonly string[];
  /** Whether ImageNet's spelling of names (`great_white_shark`) is to be met halfway. */
  imagenet: boolean;
  classMap: FolderTargets;
}

/** The classes that a name may mean. */
type Found = { index: number } | { candidates: number[] };

/**
 * The model's class, as the number of its output, of every folder: by name, never by position. Of an ImageNet model case, spaces
 * and underscores do not count, and where no class has the folder's name, a final `s` is left out (`ants` is `ant`), which is
 * the rule of the tutorial.
 *
 * @throws ResnetFtError DATA_INVALID for folders that are no class, or that may be several; INVALID_OPTION for a class map
 *   that names a folder or a class that does not exist
 */
export function matchClasses(options: MatchOptions): number[] {
  const { folders, classMap, root } = options;
  const strange = [...classMap.keys()].filter((folder) => !folders.includes(folder));
  if (strange.length > 0) {
    rejectOption(`sub-folders of ${root}`, '--class-map', firstOf(strange, LISTED));
  }
  const matcher = new Matcher(options);
  // Told later, and only as many as are listed: each compares its name with all classes.
  const problems: (() => string)[] = [];
  const indices = folders.map((folder) => {
    const target = classMap.get(folder);
    const found = target === undefined ? matcher.ofFolder(folder) : matcher.ofTarget(target);
    if ('index' in found) return found.index;
    if (target !== undefined) {
      rejectOption('a class of the model', `${folder} in --class-map`, target, matcher.clue(target, found));
    }
    problems.push(() => matcher.problem(folder, found));
    return -1;
  });
  if (problems.length > 0) {
    const more = problems.length > LISTED ? `; and ${problems.length - LISTED} more folders` : '';
    const told = problems.slice(0, LISTED).map((tell) => tell());
    throw new ResnetFtError('DATA_INVALID', `${root}: ${told.join('; ')}${more}`, {
      hint: 'Rename the folder, or say its class with --class-map folder=class, by name or number',
    });
  }
  return indices;
}

/** Names that tell the classes apart: with its number where several have the same. */
export function classLabels(classes: readonly string[]): string[] {
  const count = new Map<string, number>();
  for (const name of classes) count.set(name, (count.get(name) ?? 0) + 1);
  return classes.map((name, index) => (count.get(name) === 1 ? name : `${name} (${index})`));
}

class Matcher {
  private readonly classes: readonly string[];
  private readonly imagenet: boolean;
  /** Classes by their names as they are compared. */
  private readonly loose = new Map<string, number[]>();

  constructor({ classes, imagenet }: MatchOptions) {
    this.classes = classes;
    this.imagenet = imagenet;
    for (const [index, name] of classes.entries()) {
      const key = this.key(name);
      this.loose.set(key, [...(this.loose.get(key) ?? []), index]);
    }
  }

  ofFolder(folder: string): Found {
    const key = this.key(folder);
    const exact = this.loose.get(key) ?? [];
    if (exact.length > 0 || !this.imagenet || !key.endsWith('s')) return single(exact);
    return single(this.loose.get(key.slice(0, -1)) ?? []);
  }

  /** What a class map says: an output's number, a name as the model spells it, or as a folder might. */
  ofTarget(target: string | number): Found {
    const byNumber = (index: number): Found => (index in this.classes ? { index } : { candidates: [] });
    if (typeof target === 'number') return byNumber(target);
    const exact = this.classes.flatMap((name, index) => (name === target ? [index] : []));
    if (exact.length > 0) return single(exact);
    return /^\d{1,9}$/.test(target) ? byNumber(Number(target)) : this.ofFolder(target);
  }

  /** Why the name of a folder is not a class, and what it might mean. */
  problem(name: string, found: Found): string {
    const candidates = candidatesOf(found);
    if (candidates.length > 0) return `${name} may be ${this.numbered(candidates, ' or ')}`;
    return `${name} is not a class of the model (${this.known(name)})`;
  }

  /** What an entry of the class map might mean, as a hint. */
  clue(name: string | number, found: Found): string {
    const candidates = candidatesOf(found);
    if (candidates.length > 0) return `It may be ${this.numbered(candidates, ' or ')}`;
    return capital(this.known(name));
  }

  private known(name: string | number): string {
    if (typeof name === 'number' || /^\d+$/.test(name)) return `its classes are 0 to ${this.classes.length - 1}`;
    if (this.classes.length > 2 * LISTED) return `nearest: ${this.numbered(this.nearest(name), ', ')}`;
    const all = this.classes.map((_, index) => index);
    return `its classes are ${this.numbered(all, ', ')}`;
  }

  private numbered(indices: readonly number[], separator: string): string {
    return indices.map((index) => `${this.classes[index]} (${index})`).join(separator);
  }

  /** Classes that hold the name or are held by it, then those with the fewest differing letters. */
  private nearest(name: string): number[] {
    const singular = looseKey(name).replace(/s$/, '');
    const ranked = this.classes.map((known, index) => {
      const words = known.toLowerCase().split(/[\s_-]+/);
      const related = words.includes(singular) || words.some((word) => word.length > 2 && singular.includes(word));
      return { index, rank: (related ? 0 : 1000) + distance(singular, looseKey(known)) };
    });
    return ranked
      .sort((a, b) => a.rank - b.rank)
      .slice(0, LISTED)
      .map(({ index }) => index);
  }

  private key(name: string): string {
    return this.imagenet ? looseKey(name) : name;
  }
}

function single(found: number[]): Found {
  const [index] = found;
  return index !== undefined && found.length === 1 ? { index } : { candidates: found };
}

function candidatesOf(found: Found): readonly number[] {
  return 'candidates' in found ? found.candidates : [];
}
