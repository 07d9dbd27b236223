import fs from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { requireSameData, type DataPrint } from '../data/fingerprint';
import { HYMENOPTERA } from '../data/hymenoptera';
import { ResnetFtError } from '../errors';
import { readRegularFile } from '../files/regular-file';
import { count, fields, map, name, nullable, number, optional, text } from '../files/shape';
import { OTHER_OUTPUT } from '../files/output-folder';
import {
  COMPARE_OPTIONS,
  COMPARE_ROWS,
  kebab,
  type CompareRow,
  type Effect,
  type ResolvedCompareOptions,
} from '../options';
import { writeAtomically } from '../files/atomic-file';
import { wholePaths } from '../train/run-config';
import { filesOf } from './files-of';
import type { RowResult } from './types';
import { jsonText } from '../text/json';

/** Written when a row is finished; a row without it is run again. */
const ROW_FILE = 'row.json';

/** What the result of a row depends on, as JSON. */
export type RowRecipe = Record<string, unknown>;

/** The rows whose result an option changes, by what its declaration says that it affects. */
const AFFECTED: Readonly<Record<Effect, readonly CompareRow[]>> = {
  result: COMPARE_ROWS,
  training: ['fine-tuned', 'scratch'],
  evaluation: ['pretrained'],
  start: ['pretrained', 'fine-tuned'],
  place: [],
};

/** The options that a row's result depends on. */
export function recipeOf(row: CompareRow, options: ResolvedCompareOptions): RowRecipe {
  const left = Object.entries(COMPARE_OPTIONS)
    .filter(([, { affects }]) => AFFECTED[affects].includes(row))
    .map(([name]) => [name, options[name as keyof typeof COMPARE_OPTIONS]] as const)
    .filter(([, value]) => value !== undefined);
  const { data, val } = options;
  const whole = { data: wholeFolder(data), ...(val === undefined ? {} : { val: path.resolve(val) }) };
  return { ...wholePaths(Object.fromEntries(left) as Partial<ResolvedCompareOptions>), ...whole };
}

/** The folder's path, also where there is none any more; the tutorial's data set is the same wherever it is named. */
const wholeFolder = (data: string): string =>
  data === HYMENOPTERA && !fs.existsSync(data) ? data : path.resolve(data);

/**
 * The result of a row that is finished already; undefined if the row has to be run.
 *
 * @param given what it would be run by
 * @param images tells those that the row would be run on; undefined where that can't be told
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE where the folder holds the row of another recipe, or of other images
 */
export async function finishedRow(
  folder: string,
  given: RowRecipe,
  images: () => Promise<DataPrint | undefined>,
): Promise<RowResult | undefined> {
  const file = path.join(folder, ROW_FILE);
  let saved: SavedRow;
  try {
    saved = savedIn((await readRegularFile(file)).toString());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `${file} can't be read: ${(error as Error).message}`, {
      hint: OTHER_OUTPUT,
      cause: error,
    });
  }
  // A file that made the row may be gone.
  const recipe = wholePaths<RowRecipe>(given, saved.recipe);
  const names = new Set([...Object.keys(saved.recipe), ...Object.keys(recipe)]);
  const other = [...names].find((one) => !isDeepStrictEqual(saved.recipe[one], recipe[one]));
  if (other !== undefined) {
    const was = JSON.stringify(saved.recipe[other]) ?? 'the default';
    const now = JSON.stringify(recipe[other]) ?? 'the default';
    const option = other === 'data' ? 'the data' : `--${kebab(other)}`;
    throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `${folder} was made with ${was} for ${option}, not ${now}`, {
      hint: OTHER_OUTPUT,
    });
  }
  requireSameFiles(folder, recipe, saved.files ?? {}, await filesOf(recipe));
  const now = saved.images === undefined ? undefined : await images();
  if (saved.images !== undefined && now !== undefined) requireSameImages(folder, saved.images, now);
  // A loss that was no number is null in JSON.
  return { ...saved.result, loss: saved.result.loss ?? NaN, folder, reused: true };
}

type Hashes = Readonly<Record<string, string>>;

function requireSameFiles(folder: string, recipe: RowRecipe, then: Hashes, now: Hashes): void {
  const other = Object.keys(then).find((name) => now[name] !== undefined && now[name] !== then[name]);
  if (other === undefined) return;
  const what = `${String(recipe[other])} of --${kebab(other)} held something else`;
  throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `${folder} was made when ${what}`, { hint: OTHER_OUTPUT });
}

function requireSameImages(folder: string, then: DataPrint, now: DataPrint): void {
  try {
    requireSameData(then, now);
  } catch (cause) {
    const what = (cause as Error).message.replace(/^.*: class/, 'class');
    throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `${folder} was made with other images: ${what}`, {
      hint: OTHER_OUTPUT,
      cause,
    });
  }
}

/** What `row.json` holds. */
interface SavedRow {
  recipe: RowRecipe;
  /** Left out where they could not be told from others. */
  images?: DataPrint | undefined;
  /** What the files held that options name. */
  files?: Hashes | undefined;
  result: Omit<RowResult, 'loss'> & { loss: number | null };
}

const isPrint = map(fields({ images: count, hash: text }));

const isSaved = fields({
  recipe: fields({}),
  images: optional(fields({ train: isPrint, val: isPrint })),
  files: optional(map(text)),
  result: fields({
    ...{ row: name, correct: count, images: count, accuracy: number, loss: nullable(number), folder: text },
    interval: fields({ low: number, high: number }),
  }),
});

/** @throws Error with the reason, to be put after the file's name */
function savedIn(json: string): SavedRow {
  const saved: unknown = JSON.parse(json);
  if (!isSaved(saved)) throw new Error('it holds no row of compare');
  return saved as SavedRow;
}

/** Marks a row as finished. */
export async function saveRow(row: SavedRow): Promise<void> {
  await writeAtomically(path.join(row.result.folder, ROW_FILE), [Buffer.from(jsonText(row))]);
}
