import path from 'node:path';
import { CropCache } from '../data/crop-cache';
import type { Dataset } from '../data/dataset';
import { readImage } from '../data/decode';
import type { Sample } from '../data/image-folder';
import { readPart } from '../files/regular-file';
import { counted } from '../text/count';
import { shellPath } from '../text/shell';
import { brokenLinksIn } from './broken-link';
import { classFindings } from './classes';
import { KINDS, type FindingKind } from './kinds';
import { nestedClasses, splitClasses } from './odd-folders';
import { oneClass } from './one-class';

/** Of more files with sizes that others have, none is read: of a million photographs that would be nearly all. */
const MOST_READ = 5000;
/** Groups of files that are read whole, to be sure. */
const MOST_CONFIRMED = 200;
/** Bytes from the middle of a file that tell it from others of its size. */
const MIDDLE = 4096;
const AT_ONCE = 16;

/** What training tells of the classes: the rest stops it, or is told by itself. */
const OF_CLASSES: ReadonlySet<FindingKind> = new Set(['alike-classes', 'hidden-class', 'imbalance']);

/** A sample of a data set, with the split it is in. */
interface Placed extends Sample {
  split: 'train' | 'val';
}

/**
 * What can be told of a data set before training without decoding anything: classes by their names and numbers, and files that are the same byte for
 * byte, in both splits or in two classes. Only files whose size others have are opened, and never more than {@link MOST_READ}.
 *
 * @param named the folders as the caller named them, for the command that tells more
 * @param sizes of the files in bytes, as far as they are known
 * @returns lines for a person; none where all is well, or a file can't be read, of which training will tell
 */
export async function quickNotes(
  named: { data: string; val?: string | undefined },
  dataset: Dataset,
  sizes: ReadonlyMap<Sample, number>,
  signal: AbortSignal,
): Promise<string[]> {
  const notes = classNotes(dataset, named.data);
  try {
    notes.push(...(await linkNotes(dataset)));
    notes.push(...copyNotes(await copies(dataset, sizes, signal), baseOf(dataset)));
  } catch {
    // Notes are no reason to stop, and what can't be read is an error of its own soon.
  }
  if (notes.length > 0) {
    const val = named.val === undefined ? '' : ` --val ${shellPath(named.val)}`;
    notes.push(`for details: npx resnet-ft check ${shellPath(named.data)}${val}`);
  }
  return notes;
}

function classNotes({ classes, train }: Dataset, data: string): string[] {
  const counts = classes.map(() => 0);
  for (const { target } of train) counts[target] = (counts[target] ?? 0) + 1;
  const own = classes.map((name, i) => ({ name, images: counts[i] ?? 0 }));
  const found = classFindings([{ name: 'train', folder: '', images: train.length, classes: own }]);
  const folder = rootOf(train) ?? '';
  const split = { folder, classes: own };
  const named = folder === path.resolve(data) ? data : undefined;
  const files = classes.map((): string[] => []);
  for (const { file, target } of train) files[target]?.push(file);
  const odd = [...splitClasses(split, named), ...nestedClasses(split, files)];
  return [
    ...oneClass(split, files.flat(), named).map(({ note }) => note),
    ...[...odd, ...found.filter(({ kind }) => OF_CLASSES.has(kind))].map(
      ({ kind, note }) => `${KINDS[kind].title}: ${note}`,
    ),
  ];
}

/** Links beside the folders of the classes that lead nowhere: each may have been meant as a class. */
async function linkNotes({ train, val }: Dataset): Promise<string[]> {
  const roots = new Set([rootOf(train), rootOf(val)].filter((root) => root !== undefined));
  const found = await Promise.all([...roots].map(brokenLinksIn));
  return found.flat().map(({ files, note }) => `${files.map((file) => path.basename(file)).join('')} ${note}`);
}

/** The folder of the classes that samples are of. */
function rootOf([first]: readonly Sample[]): string | undefined {
  return first?.file.endsWith(path.sep + first.name) === true ? first.file.slice(0, -first.name.length - 1) : undefined;
}

/** The folder that paths are told from: that which holds `train/`, or that of the classes. */
function baseOf({ train }: Dataset): string {
  const root = rootOf(train) ?? '';
  return path.basename(root) === 'train' ? path.dirname(root) : root;
}

/** Groups of files that are the same; at most {@link MOST_CONFIRMED}. */
async function copies(
  { train, val }: Dataset,
  sizes: ReadonlyMap<Sample, number>,
  signal: AbortSignal,
): Promise<Placed[][]> {
  const placed = [
    ...train.map((sample) => ({ ...sample, split: 'train' as const, size: sizes.get(sample) ?? -1 })),
    ...val.map((sample) => ({ ...sample, split: 'val' as const, size: sizes.get(sample) ?? -1 })),
  ].filter(({ size }) => size > 0);
  const sameSize = groupsBy(
    placed,
    placed.map(({ size }) => String(size)),
  );
  if (sameSize.reduce((sum, group) => sum + group.length, 0) > MOST_READ) return [];
  const alike = await divided(sameSize, ({ file, size }) => middleOf(file, size), signal);
  const telling = alike.filter((group) => leaks(group) || classesOf(group).size > 1);
  return divided(telling.slice(0, MOST_CONFIRMED), async ({ file }) => CropCache.key(await readImage(file)), signal);
}

const leaks = (group: readonly Placed[]): boolean => new Set(group.map(({ split }) => split)).size > 1;
const classesOf = (group: readonly Placed[]): Set<number> => new Set(group.map(({ target }) => target));

/** Groups of at least two with the same key. */
function groupsBy<T>(items: readonly T[], keys: readonly string[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const [i, item] of items.entries()) {
    const key = keys[i] ?? '';
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/** Groups divided by what is read of their files. */
async function divided<T>(
  groups: readonly T[][],
  key: (item: T) => Promise<string>,
  signal: AbortSignal,
): Promise<T[][]> {
  const out: T[][] = [];
  for (const group of groups) {
    const keys: string[] = [];
    for (let first = 0; first < group.length; first += AT_ONCE) {
      if (signal.aborted) return [];
      keys.push(...(await Promise.all(group.slice(first, first + AT_ONCE).map(key))));
    }
    out.push(...groupsBy(group, keys));
  }
  return out;
}

async function middleOf(file: string, size: number): Promise<string> {
  const length = Math.min(MIDDLE, size);
  return (await readPart(file, Math.floor((size - length) / 2), length)).toString('latin1');
}

function copyNotes(groups: readonly Placed[][], base: string): string[] {
  const leaking = groups.filter(leaks);
  const conflicts = groups.filter((group) => classesOf(group).size > 1);
  const count = (images: number, noun: string): string =>
    `${groups.length >= MOST_CONFIRMED ? 'at least ' : ''}${counted(images, noun)}`;
  const name = ({ file }: Placed): string => {
    const relative = path.relative(base, file);
    return relative.startsWith('..') || path.isAbsolute(relative) ? file : relative.replaceAll('\\', '/');
  };
  const both = (group: readonly Placed[] = [], differ: (a: Placed, b: Placed) => boolean): string => {
    const [one] = group;
    const other = group.find((placed) => one !== undefined && differ(one, placed));
    return one === undefined || other === undefined ? '' : `${name(other)} and ${name(one)} are the same picture`;
  };
  const validation = leaking.flat().filter(({ split }) => split === 'val').length;
  const classes = conflicts.every((group) => classesOf(group).size === 2) ? 'two' : 'several';
  return [
    ...(leaking.length === 0
      ? []
      : [
          `${count(validation, 'validation image')} ${validation === 1 ? 'is' : 'are'} also in the training set, so the accuracy will look better than it is: ${both(leaking[0], (a, b) => a.split !== b.split)}`,
        ]),
    ...(conflicts.length === 0
      ? []
      : [
          `${count(conflicts.length, 'image')} ${conflicts.length === 1 ? 'appears' : 'appear'} in ${classes} classes: ${both(conflicts[0], (a, b) => a.target !== b.target)}`,
        ]),
  ];
}
