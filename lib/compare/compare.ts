import path from 'node:path';
import { ResnetFtError, throwIfAborted, withHint } from '../errors';
import { wilsonInterval } from '../eval/wilson';
import { makeFolder } from '../files/make-folder';
import { OTHER_OUTPUT, OutputFolder } from '../files/output-folder';
import { reasonOf } from '../files/reason';
import {
  COMPARE_ROWS,
  controlled,
  EVAL_OPTIONS,
  resolveCompareOptions,
  type CompareOptions,
  type CompareRow,
  type GivenOptions,
  type ResolvedCompareOptions,
} from '../options';
import { writeAtomically } from '../files/atomic-file';
import { setAside } from '../files/set-aside';
import { resumeCommand } from '../report/commands';
import { filesOf } from './files-of';
import { imagesOf } from './images';
import { finishedRow, recipeOf, saveRow } from './row-file';
import { markdownTable } from './table';
import type { CompareEvent, CompareResult, RowResult } from './types';
import { jsonText } from '../text/json';
import { printable } from '../text/printable';

const STOPPED = 'The comparison was stopped';
const AGAIN = 'The same command begins this row anew, and keeps those that are finished';
const WITHOUT_WEIGHTS = 'run only the row that needs none: the same command with --rows scratch';

/** What a caller of {@link compare} may pass beside the options. */
export interface CompareControl {
  /** Stops within a batch; the promise then rejects with code ABORTED. Rows that are finished stay so. */
  signal?: AbortSignal | undefined;
  /** Told everything that happens. It may be asynchronous; what it throws or rejects with ends the work. */
  onEvent?: ((event: CompareEvent) => unknown) | undefined;
}

/**
 * The tutorial's table on a folder of images: a pretrained network of 1000 classes as it is, the same fine-tuned, and one trained
 * from scratch, by one recipe.
 *
 * @throws ResnetFtError with a stable `code`: as train and evaluate, and OUTPUT_NOT_WRITABLE where the output folder holds rows of
 *   another recipe.
 */
export async function compare(input: CompareOptions, control: CompareControl = {}): Promise<CompareResult> {
  const options = resolveCompareOptions(input);
  return controlled(control, (heard) => compareRows(options, heard));
}

async function compareRows(options: ResolvedCompareOptions, control: CompareControl): Promise<CompareResult> {
  const signal = control.signal ?? new AbortController().signal;
  const emit = control.onEvent ?? ((): void => {});
  throwIfAborted(signal, STOPPED);
  const output = await OutputFolder.take(options.output, { signal }).catch((error: unknown) => {
    throwIfAborted(signal, STOPPED);
    throw error;
  });
  try {
    return await compareIn(output.path, options, signal, emit);
  } finally {
    await output.release();
    output.discard();
  }
}

async function compareIn(
  output: string,
  options: ResolvedCompareOptions,
  signal: AbortSignal,
  emit: (event: CompareEvent) => void,
): Promise<CompareResult> {
  const folderOf = (row: CompareRow): string => path.join(output, row);

  // Every row is checked first, so that a folder with another recipe is an error before hours of work.
  const finished = new Map<CompareRow, RowResult>();
  for (const row of options.rows) {
    const result = await finishedRow(folderOf(row), recipeOf(row, options), () => imagesOf(row, options));
    if (result !== undefined) finished.set(row, result);
  }
  const rows: RowResult[] = [];
  for (const row of options.rows) {
    const folder = folderOf(row);
    const reused = finished.get(row);
    emit({ kind: 'row', row, state: reused === undefined ? 'begins' : 'reused', folder });
    rows.push(reused ?? (await runRow(row, folder, options, signal, emit)));
  }
  const result = { output, rows };
  const all = await withOthers(rows, folderOf, options);
  await write(path.join(output, 'compare.json'), jsonText({ output, rows: all }));
  await write(path.join(output, 'compare.md'), markdownTable(all));
  emit({ kind: 'done', ...result });
  return result;
}

/** With the rows that were not asked for this time, and are finished in the same folder by the same recipe; in the table's order. */
async function withOthers(
  rows: readonly RowResult[],
  folderOf: (row: CompareRow) => string,
  options: ResolvedCompareOptions,
): Promise<RowResult[]> {
  const all: RowResult[] = [];
  for (const row of COMPARE_ROWS) {
    const asked = rows.find((one) => one.row === row);
    const images = (): ReturnType<typeof imagesOf> => imagesOf(row, options);
    // One of another recipe, or of other images, or that can't be read, is no row of this table.
    const found = asked ?? (await finishedRow(folderOf(row), recipeOf(row, options), images).catch(() => undefined));
    if (found !== undefined) all.push(found);
  }
  return all;
}

async function runRow(
  row: CompareRow,
  folder: string,
  options: ResolvedCompareOptions,
  signal: AbortSignal,
  emit: (event: CompareEvent) => void,
): Promise<RowResult> {
  await guard(folder, () => setAside(folder));
  // As they are before the work: what changes meanwhile is not what the row was made of.
  const recipe = recipeOf(row, options);
  const print = await imagesOf(row, options);
  const files = await filesOf(recipe);
  const counted = await (
    row === 'pretrained' ? evaluateRow(folder, options, signal, emit) : trainRow(row, folder, options, signal, emit)
  ).catch((error: unknown) => {
    throw withCommand(error, folder);
  });
  const { correct, images } = counted;
  const result: RowResult = {
    row,
    ...counted,
    accuracy: correct / images,
    interval: wilsonInterval(correct, images),
    folder,
    reused: false,
  };
  await guard(folder, () => saveRow({ recipe, images: print, files, result }));
  return result;
}

/** The error of one row, whose run is not gone on with by itself: no row would come of it. */
function withCommand(error: unknown, folder: string): unknown {
  if (!(error instanceof ResnetFtError)) return error;
  const { hint, code } = error;
  const own = printable(`Go on with: ${resumeCommand(folder)}`);
  if (hint?.includes(own) === true) return withHint(error, hint.replaceAll(own, AGAIN));
  if (code !== 'ABORTED' || hint?.includes('the same command') === true) return error;
  return withHint(error, hint === undefined ? AGAIN : `${hint}. ${AGAIN}`);
}

type Counted = Pick<RowResult, 'correct' | 'images' | 'loss'>;

async function evaluateRow(
  folder: string,
  options: ResolvedCompareOptions,
  signal: AbortSignal,
  emit: (event: CompareEvent) => void,
): Promise<Counted> {
  const { evaluate } = await import('../eval/evaluate.js');
  // Whatever both commands take, so that none of them is forgotten here.
  const shared: GivenOptions<typeof EVAL_OPTIONS> = Object.fromEntries(
    Object.entries(options).filter(([name]) => Object.hasOwn(EVAL_OPTIONS, name)),
  );
  await guard(folder, () => makeFolder(folder));
  const { correct, images, loss } = await evaluate(
    {
      ...shared,
      model: options.weights,
      data: options.val ?? options.data,
      predictions: path.join(folder, 'predictions.jsonl'),
    },
    { signal, onEvent: (event) => emit({ kind: 'eval', row: 'pretrained', event }), withoutWeights: WITHOUT_WEIGHTS },
  );
  return { correct, images, loss };
}

async function trainRow(
  row: CompareRow,
  folder: string,
  options: ResolvedCompareOptions,
  signal: AbortSignal,
  emit: (event: CompareEvent) => void,
): Promise<Counted> {
  const { runTraining } = await import('../train/train.js');
  const { rows: _rows, classMap: _classMap, ...recipe } = options;
  const { model, valImages } = await runTraining(
    { ...recipe, weights: row === 'scratch' ? 'none' : options.weights, output: folder },
    { signal, onEvent: (event) => emit({ kind: 'train', row, event }), withoutWeights: WITHOUT_WEIGHTS },
  );
  return { correct: Math.round(model.valAccuracy * valImages), images: valImages, loss: model.valLoss };
}

async function write(file: string, text: string): Promise<void> {
  await guard(file, () => writeAtomically(file, [Buffer.from(text)]));
}

/** Turns a failure of the file system into an error of ours. */
async function guard(file: string, work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ResnetFtError) throw error;
    throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `${file} can't be written: ${reasonOf(error)}`, {
      hint: OTHER_OUTPUT,
      cause: error,
    });
  }
}
