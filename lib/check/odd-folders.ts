import path from 'node:path';
import { commandOf, isSplitName, splitsAmong } from '../data/split-names';
import { listed } from '../text/listed';
import { finding } from './finding';
import type { Finding, SplitReport } from './types';

/** Folders within a class that are named. */
const NAMED = 5;

/**
 * That all classes are named like the splits of a data set: then the network learns to tell training images from validation images.
 *
 * @param data what was named as the folder of the classes; undefined where that holds `train/`
 */
export function splitClasses(
  { folder, classes }: Pick<SplitReport, 'folder' | 'classes'>,
  data: string | undefined,
): Finding[] {
  const names = classes.map(({ name }) => name);
  if (names.length < 2 || !names.every(isSplitName)) return [];
  const { train, val } = splitsAmong(names);
  const meant =
    data === undefined || train === undefined || val === undefined ? '' : `: ${commandOf(data, train, val)}`;
  const note = `${listed(names)} are taken for classes, which the network learns to tell apart; if they are splits, name them as such${meant}`;
  return [
    finding(
      'split-class',
      names.map((name) => path.join(folder, name)),
      note,
    ),
  ];
}

/**
 * Classes without images of their own, but with folders of images: these may be the classes. Folders that other classes have too, such as those of
 * years or cameras, are none.
 *
 * @param files of each class, in the order of the classes
 */
export function nestedClasses(
  { folder, classes }: Pick<SplitReport, 'folder' | 'classes'>,
  files: readonly (readonly string[])[],
): Finding[] {
  // Of a single class more is said, and of splits that are taken for classes.
  if (classes.length < 2 || classes.every(({ name }) => isSplitName(name))) return [];
  const within = classes.map(({ name }, target) => foldersWithin(path.join(folder, name), files[target] ?? []));
  const classesWith = new Map<string, number>();
  for (const name of within.flatMap((names) => [...names])) classesWith.set(name, (classesWith.get(name) ?? 0) + 1);
  return classes.flatMap(({ name }, target) => {
    const names = [...(within[target] ?? [])];
    if (names.length < 2 || names.some((one) => (classesWith.get(one) ?? 0) > 1)) return [];
    const rest = names.length - NAMED;
    const some = rest > 0 ? [...names.slice(0, NAMED), `${rest} more`] : names;
    const note = `${name} holds the folders ${listed(some)}, which are taken together as one class`;
    return [finding('nested-class', [path.join(folder, name)], note)];
  });
}

/** The folders right within that of a class; none where it has images of its own. */
function foldersWithin(own: string, files: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (const file of files) {
    const [first = '', second] = file.slice(own.length + 1).split(path.sep, 2);
    if (second === undefined) return new Set();
    found.add(first);
  }
  return found;
}
