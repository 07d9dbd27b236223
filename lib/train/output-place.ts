import fs from 'node:fs';
import path from 'node:path';
import { ResnetFtError } from '../errors';
import { OTHER_OUTPUT } from '../files/output-folder';

/**
 * Refuses an output folder among the images, before anything is made there: it, or `checkpoints/` in it, would be a class of the next training, and
 * a class without an image is an error.
 *
 * @param output of the run; undefined for that which gets its name by the time
 * @param roots folders of classes
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE
 */
export function refuseAmongImages(output: string | undefined, roots: readonly string[]): void {
  const folder = path.resolve(output ?? 'runs');
  const root = roots.find((one) => isWithin(realPath(folder), realPath(one)));
  if (root === undefined) return;
  const message = `The output folder ${folder} would be among the images: each folder in ${root} is a class`;
  throw new ResnetFtError('OUTPUT_NOT_WRITABLE', message, { hint: OTHER_OUTPUT });
}

/** A path without links, also of what is not there yet. */
function realPath(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    const above = path.dirname(file);
    return above === file ? file : path.join(realPath(above), path.basename(file));
  }
}

function isWithin(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}
