import fs from 'node:fs';
import path from 'node:path';
import type { DownloadControl } from '../download/types';
import { ResnetFtError } from '../errors';
import { rejectOption, type Architecture } from '../options';
import type { NamedWeights } from '../weights/registry';
import { severalIn } from './several';

/** A file of weights, and what is known of it beforehand. */
export interface LocatedWeights {
  file: string;
  /** The entry of named weights; undefined for a file. */
  named: NamedWeights | undefined;
}

/** What `train` calls the model in its folder. */
export const MODEL_FILE = 'model.safetensors';

/**
 * Finds the file of a model or of weights to start from: named weights, which are downloaded where they are missing; the folder
 * of a run; or a file.
 *
 * @param arch of named weights
 * @param others words that the caller takes too
 * @throws ResnetFtError INVALID_OPTION for a word that is neither a name nor a file, and what the download throws
 */
export async function locateModel(
  source: string,
  arch: Architecture,
  control: DownloadControl,
  others: readonly string[] = [],
): Promise<LocatedWeights> {
  const { locateWeights, namedWeights } = await import('../weights/registry.js');
  const named = namedWeights(source, arch, others);
  if (named !== undefined) return { file: await locateWeights(named, control), named };
  if (source.includes('\0')) rejectOption('a name without NUL characters', 'model', source);
  const inFolder = path.join(source, MODEL_FILE);
  if (fs.existsSync(inFolder)) return { file: inFolder, named };
  if (isFolder(source)) {
    const several = await severalIn(source);
    if (several !== undefined) throw new ResnetFtError('WEIGHTS_INVALID', several);
    throw new ResnetFtError('WEIGHTS_INVALID', `${source} is a folder without ${MODEL_FILE}`, {
      hint: 'Name the folder of a finished run of train, or a file of weights',
    });
  }
  return { file: source, named };
}

/** What can't be looked at is for its reader to name. */
function isFolder(source: string): boolean {
  try {
    return fs.statSync(source).isDirectory();
  } catch {
    return false;
  }
}
