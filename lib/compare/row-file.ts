import fs from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ResnetFtError } from '../errors';
import { readRegularFile } from '../files/regular-file';
import { OutputFolder } from '../files/output-folder';
import { kebab, type CompareRow, type ResolvedCompareOptions } from '../options';
import { writeAtomically } from '../files/atomic-file';
import type { RowResult } from './types';

/** Written when a row is finished; a row without it is run again. */
const ROW_FILE = 'row.json';

/** What the result of a row depends on, as JSON. */
export type RowRecipe = Record<string, unknown>;

/** How and where the work is done, which leaves its result what it is. */
const NO_RECIPE = new Set([
  'rows',
  'output',
  'offline',
  'threads',
  'cacheMemory',
  'cacheDisk',
  'cropMemory',
  'cropCache',
  'cacheDir',
]);
/** What the row without training does not look at. */
const TRAINING = new Set([
  'trainFrom',
  'epochs',
  'lr',
  'momentum',
  'weightDecay',
  'nesterov',
  'keep',
  'seed',
  'draws',
  'cacheBf16',
]);

/** The options that a row's result depends on. */
export function recipeOf(row: CompareRow, options: ResolvedCompareOptions): RowRecipe {
  const left = Object.entries(options).filter(
    ([name, value]) =>
      value !== undefined &&
      !NO_RECIPE.has(name) &&
      !(row === 'pretrained' && TRAINING.has(name)) &&
      !(row !== 'pretrained' && name === 'classMap') &&
      !(row === 'scratch' && name === 'weights'),
  );
  return { ...Object.fromEntries(left), data: path.resolve(options.data) };
}

/**
 * The result of a row that is finished already; undefined where it has to be run.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE where the folder holds the row of another recipe.
 */
export async function finishedRow(folder: string, recipe: RowRecipe): Promise<RowResult | undefined> {
  const file = path.join(folder, ROW_FILE);
  let saved: { recipe: RowRecipe; result: RowResult };
  try {
    saved = JSON.parse((await readRegularFile(file)).toString()) as typeof saved;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `${file} can't be read: ${(error as Error).message}`, {
      hint: 'Choose another folder with --output',
      cause: error,
    });
  }
  const names = new Set([...Object.keys(saved.recipe), ...Object.keys(recipe)]);
  const other = [...names].find((name) => !isDeepStrictEqual(saved.recipe[name], recipe[name]));
  if (other !== undefined) {
    const was = JSON.stringify(saved.recipe[other]) ?? 'the default';
    const now = JSON.stringify(recipe[other]) ?? 'the default';
    const option = other === 'data' ? 'the data' : `--${kebab(other)}`;
    throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `${folder} was made with ${was} for ${option}, not ${now}`, {
      hint: 'Choose another folder with --output',
    });
  }
  return { ...saved.result, folder, reused: true };
}

/** Marks a row as finished. */
export async function saveRow(recipe: RowRecipe, result: RowResult): Promise<void> {
  const text = `${JSON.stringify({ recipe, result }, undefined, 2)}\n`;
  await writeAtomically(path.join(result.folder, ROW_FILE), [Buffer.from(text)]);
}

/**
 * Moves what an interrupted run left out of the way; nothing is deleted.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE where the run goes on; the file system's error
 */
export async function setAside(folder: string): Promise<void> {
  if (!fs.existsSync(folder) || fs.readdirSync(folder).length === 0) return;
  // A training that was started apart may still write to it.
  const taken = await OutputFolder.take(folder);
  await taken.release();
  let n = 1;
  while (fs.existsSync(`${folder}.unfinished-${n}`)) n++;
  fs.renameSync(folder, `${folder}.unfinished-${n}`);
}
