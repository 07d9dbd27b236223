import path from 'node:path';
import { currentFolder } from '../files/current-folder';

/** A path as a person would type it: relative if it is below the working directory. */
export function shownPath(file: string): string {
  const here = currentFolder();
  if (here === undefined) return file;
  const relative = path.relative(here, file);
  return relative !== '' && !relative.startsWith('..') ? relative : file;
}
