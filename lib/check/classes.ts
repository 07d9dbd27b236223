import path from 'node:path';
import { isHiddenFolder, whatIsHidden } from '../data/hidden-folder';
import { listed } from '../text/listed';
import { suggest } from '../text/suggest';
import { shellWord } from '../text/shell';
import { counted } from '../text/count';
import { afterALook, finding } from './finding';
import type { Finding, SplitReport } from './types';

/** Images of a class below which there are few. */
const FEW_TRAINING = 10;
const FEW_VALIDATION = 5;

/** How many times the smallest class the largest may be: from a ratio of 10 on, figures suffer (Buda et al. 2018, arXiv:1710.05381). */
const UNEVEN = 10;

/**
 * Letters of missing classes times letters of those that there are, up to which misspelt ones are looked for: some 100 against 100 long names. Where
 * more are missing the names are of another kind, and comparing all with all would take minutes.
 */
const MOST_COMPARED = 1e7;

/** What a walk came to beside the images of the classes: absolute paths. */
export interface BesideImages {
  /** Folders of which nobody knows what they hold. */
  unlisted: readonly string[];
  /** Files that are not trained on. */
  notUsed: readonly string[];
  /** Folders that are links, or to which several paths lead. */
  linked: ReadonlySet<string>;
}

/** What is to be said of the classes of splits: their names, and how many images each has. */
export function classFindings(
  splits: readonly SplitReport[],
  beside: BesideImages = { unlisted: [], notUsed: [], linked: new Set() },
): Finding[] {
  return [
    ...missingClasses(splits),
    ...splits.flatMap((split) => [
      ...emptyClasses(split, beside),
      ...alikeClasses(split),
      ...hiddenClasses(split),
      ...fewImages(split),
      ...unevenClasses(split),
    ]),
  ];
}

function missingClasses(splits: readonly SplitReport[]): Finding[] {
  // What is hidden and holds no image is to be moved away, not to be had in each split.
  const meant = splits.flatMap(({ classes }) => classes.filter((one) => one.images > 0 || !isHiddenFolder(one.name)));
  const all = [...new Set(meant.map(({ name }) => name))];
  const namesOf = new Map(splits.map((split) => [split, new Set(split.classes.map(({ name }) => name))]));
  return splits.flatMap((split) => {
    const own = namesOf.get(split) ?? new Set();
    // A split without any is told of by itself.
    if (own.size === 0) return [];
    const missing = all.filter((one) => !own.has(one));
    const known = lettersOf(missing) * lettersOf([...own]) <= MOST_COMPARED ? [...own] : [];
    return missing.map((one) => {
      const near = suggest(one, known);
      const hint = near === undefined ? '' : `; it has ${near}`;
      const others = splits.filter((other) => namesOf.get(other)?.has(one));
      const note = `${split.name} has no class ${one}, which is in ${listed(others.map(({ name }) => name))}${hint}`;
      return finding('missing-class', [path.join(split.folder, one)], note);
    });
  });
}

const lettersOf = (names: readonly string[]): number => names.reduce((sum, name) => sum + name.length, 0);

function emptyClasses({ folder, classes }: SplitReport, { unlisted, notUsed, linked }: BesideImages): Finding[] {
  const none = classes.filter(({ images }) => images === 0);
  if (none.length === 0) return [];
  const unknown = classesOf(unlisted, folder);
  // Files that are to be converted or renamed are its images, once that is done.
  const filled = classesOf(notUsed, folder);
  return none
    .filter(({ name }) => !unknown.has(name))
    .map(({ name }) => {
      const empty = path.join(folder, name);
      if (isHiddenFolder(name)) {
        return finding('empty-class', [empty], whatIsHidden(name));
      }
      // Only what is really empty: rmdir refuses the rest.
      const remove = `rmdir -- ${shellWord(empty)}`;
      const look = filled.has(name) || linked.has(empty);
      return finding('empty-class', [empty], 'a class without an image', () => [look ? afterALook(remove) : remove]);
    });
}

/** The classes in which these paths lie, or which they are: there may be thousands of classes and a million paths. */
function classesOf(paths: readonly string[], folder: string): Set<string> {
  const begin = folder.endsWith(path.sep) ? folder : folder + path.sep;
  const names = new Set<string>();
  for (const one of paths) {
    if (one.startsWith(begin)) names.add(one.slice(begin.length).split(path.sep, 1)[0] ?? '');
  }
  return names;
}

/** A name without what tells it only to a computer: case, spaces, signs, and how accents are written. Signs that numbers need stay: 2.5 is not 25, nor -1 1. */
const plain = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_.-]+/gu, (signs: string, at: number, whole: string) => {
      const isDigit = (one: string | undefined): boolean => one !== undefined && /\d/.test(one);
      if (!isDigit(whole[at + signs.length])) return '';
      if (isDigit(whole[at - 1])) return signs.includes('.') ? '.' : '_';
      // A minus or a point before a number: alone at the beginning, or behind what parts words.
      const [last = ''] = signs.slice(-1);
      return (at === 0 || signs.length > 1) && /[-.]/.test(last) ? last : '';
    });

function alikeClasses({ folder, classes }: SplitReport): Finding[] {
  const groups = new Map<string, SplitReport['classes']>();
  for (const one of classes) {
    const name = plain(one.name);
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => {
      const [largest, ...others] = group.toSorted((a, b) => b.images - a.images).map(({ name }) => name);
      const files = [largest ?? '', ...others].map((name) => path.join(folder, name));
      const note = listed(group.map(({ name, images }) => `${name} (${counted(images, 'image')})`));
      const target = shellWord(files[0] ?? '');
      return finding('alike-classes', files, note, () =>
        files
          .slice(1)
          .map((from) => afterALook(`mv -n -- ${shellWord(from)}/* ${target}/ && rmdir -- ${shellWord(from)}`)),
      );
    });
}

function hiddenClasses({ name: split, folder, classes }: SplitReport): Finding[] {
  return classes
    .filter(({ name, images }) => images > 0 && isHiddenFolder(name))
    .map(({ name, images }) => {
      const hidden = path.join(folder, name);
      // The same folder may be in each split, and each is to be moved.
      const where = split === 'all' ? name : `${split}/${name}`;
      const note = `${where} is a class with ${counted(images, 'image')}`;
      return finding('hidden-class', [hidden], note, () => [afterALook(`rm -r -- ${shellWord(hidden)}`)]);
    });
}

/** Images that lie in hidden folders within a class, or are hidden themselves. */
export function hiddenImage(file: string, classFolder: string): Finding[] {
  const within = path.relative(classFolder, file).split(path.sep);
  if (!within.some((part) => part.startsWith('.'))) return [];
  return [finding('hidden-image', [file], 'hidden, and trained on', (remove) => [afterALook(remove(file))])];
}

function fewImages({ name: split, folder, classes }: SplitReport): Finding[] {
  const least = split === 'train' || split === 'all' ? FEW_TRAINING : FEW_VALIDATION;
  return classes
    .filter(({ images }) => images > 0 && images < least)
    .map(({ name, images }) => {
      const note = `${name} has ${counted(images, 'image')} in ${split}, fewer than ${least}`;
      return finding('few-images', [path.join(folder, name)], note);
    });
}

function unevenClasses({ name: split, folder, classes }: SplitReport): Finding[] {
  if (split !== 'train' && split !== 'all') return [];
  const sorted = classes.filter(({ images }) => images > 0).sort((a, b) => a.images - b.images);
  const [smallest, largest] = [sorted[0], sorted.at(-1)];
  if (smallest === undefined || largest === undefined || largest.images < UNEVEN * smallest.images) return [];
  const times = Math.round(largest.images / smallest.images);
  const note = `${largest.name} has ${times} times as many images as ${smallest.name} (${largest.images} and ${smallest.images})`;
  return [finding('imbalance', [path.join(folder, smallest.name), path.join(folder, largest.name)], note)];
}
