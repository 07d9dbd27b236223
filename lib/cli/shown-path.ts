import path from 'node:path';
import { currentFolder } from '../files/current-folder';

/** A path as a person would type it: relative where that is shorter. */
export function shownPath(file: string): string {
  const here = currentFolder();
  if (here === undefined) return file;
  const relative = path.relative(here, file);
  return relative !== '' && !relative.startsWith('..') ? relative : file;
}
