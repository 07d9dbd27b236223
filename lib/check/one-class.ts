import path from 'node:path';
import { listed } from '../text/listed';
import { finding } from './finding';
import type { Finding, SplitReport } from './types';

/** Folders within the class that are named. */
const NAMED = 5;

/**
 * That there is one class only, and, where its folder holds folders with images, that these may be the classes.
 *
 * @param files its images
 * @param data what was named as the folder of the classes; undefined where that holds `train/`
 */
export function oneClass(
  { folder, classes }: Pick<SplitReport, 'folder' | 'classes'>,
  files: readonly string[],
  data: string | undefined,
): Finding[] {
  const [only] = classes;
  if (classes.length !== 1 || only === undefined || only.images === 0) return [];
  const own = path.join(folder, only.name);
  const within = foldersOf(own, files);
  const meant = data === undefined ? '' : `: did you mean ${path.join(data, only.name)}?`;
  const rest = within.length - NAMED;
  const names = rest > 0 ? [...within.slice(0, NAMED), `${rest} more`] : within;
  const holds = `its folder holds the folder${within.length === 1 ? '' : 's'} ${listed(names)}`;
  const note = `only one class, ${only.name}${within.length === 0 ? '' : `; ${holds}${meant}`}`;
  return [finding('one-class', [own], note)];
}

/** The folders right within a folder that have some of its files. */
function foldersOf(folder: string, files: readonly string[]): string[] {
  const found = new Set<string>();
  for (const file of files.filter((one) => one.startsWith(folder + path.sep))) {
    const [first, second] = file.slice(folder.length + 1).split(path.sep, 2);
    if (first !== undefined && second !== undefined) found.add(first);
  }
  return [...found];
}
