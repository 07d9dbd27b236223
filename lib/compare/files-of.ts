import fs from 'node:fs';
import path from 'node:path';
import { sha256File } from '../download/hash';
import { MODEL_FILE } from '../model/locate';
import type { RowRecipe } from './row-file';

/** Options that may name a file, whose contents decide what the row comes to. */
const FILES = ['weights', 'classMap', 'classWeights'] as const;

/**
 * What the files that a recipe names hold, as a hash for each option. One that can't be read is left out: the row itself says why, or is finished
 * and does without.
 */
export async function filesOf(recipe: RowRecipe): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of FILES) {
    const value = recipe[name];
    // Others are words, such as the name of weights.
    if (typeof value !== 'string' || !path.isAbsolute(value)) continue;
    const model = path.join(value, MODEL_FILE);
    const hash = await sha256File(fs.existsSync(model) ? model : value).catch(() => undefined);
    if (hash !== undefined) hashes[name] = hash;
  }
  return hashes;
}
