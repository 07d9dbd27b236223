import fs from 'node:fs';
import path from 'node:path';
import { ResnetFtError } from '../errors';
import { parseCard, type ModelCard } from '../model/describe';
import { locateModel } from '../model/locate';
import { toFloat64 } from '../network/floats';
import { DEFAULT_ARCHITECTURE, rejectOption, type Architecture } from '../options';
import type { StateDict, Tensor } from '../weights/state-dict';
import { counted } from '../text/count';
import { firstOf } from '../text/first-of';

/** A model that is to know other classes. */
export interface ExtendedModel extends ModelCard {
  file: string;
  tensors: StateDict;
}

/**
 * Reads the model that a run extends: the folder of a run, or a model file of this package.
 *
 * @param arch the architecture that was asked for, which must be the model's
 * @throws ResnetFtError WEIGHTS_INVALID where the file does not say what its classes are; INVALID_OPTION where there is no such file,
 *   and for another architecture
 */
export async function readExtended(source: string, arch: Architecture | undefined): Promise<ExtendedModel> {
  if (!fs.existsSync(source)) {
    rejectOption('the folder of a run, or its model file', '--extend', source, 'Named weights are for --weights');
  }
  // A path is never the name of weights.
  const { file } = await locateModel(path.resolve(source), DEFAULT_ARCHITECTURE, {});
  const { readWeights } = await import('../weights/index.js');
  const { tensors, metadata } = await readWeights(file);
  const card = parseCard(file, metadata);
  const { classes, preprocessing } = card;
  if (card.arch === undefined || classes === undefined || preprocessing === undefined) {
    throw new ResnetFtError('WEIGHTS_INVALID', `weights ${file}: they don't say which class each row of fc is for`, {
      hint: 'Only a model of this package can be extended; start from these weights with --weights',
    });
  }
  if (arch !== undefined && arch !== card.arch) {
    rejectOption(`${card.arch}, that of the model to extend,`, '--arch', arch, 'Leave the option out');
  }
  const outputs = tensors.get('fc.weight')?.shape[0];
  if (outputs !== classes.length) {
    throw new ResnetFtError(
      'WEIGHTS_INVALID',
      `weights ${file}: ${classes.length} class names for ${outputs ?? 'no'} rows of fc`,
      { hint: 'Take another copy of the file' },
    );
  }
  return { file, tensors, arch: card.arch, classes, preprocessing };
}

/**
 * The model's tensors with an `fc` for other classes: the rows of classes that stay stand where the class stands now, those of new classes
 * are the session's own, as it drew them.
 *
 * @param drawn the session's tensors before anything is loaded
 * @param classes of the run
 * @returns the tensors, and one line for people
 * @throws ResnetFtError DATA_INVALID where no class stays; WEIGHTS_MISMATCH where the rows are not of the model's length
 */
export function withClasses(
  { file, tensors, classes: known }: Pick<ExtendedModel, 'file' | 'tensors' | 'classes'>,
  drawn: ReadonlyMap<string, Tensor>,
  classes: readonly string[],
): { tensors: StateDict; note: string } {
  const kept = classes.filter((name) => known.includes(name));
  if (kept.length === 0) {
    throw new ResnetFtError(
      'DATA_INVALID',
      `none of the classes is one that ${file} knows: ${some(classes)} here, ${some(known)} there`,
      { hint: 'Give the folders the names of then, or start from the file with --weights' },
    );
  }
  const rows = classes.map((name) => known.indexOf(name));
  const extended = new Map(tensors);
  for (const name of ['fc.weight', 'fc.bias']) {
    const own = drawn.get(name);
    const old = tensors.get(name);
    if (own === undefined || old === undefined || !sameRows(own.shape, old.shape, known.length)) {
      throw new ResnetFtError('WEIGHTS_MISMATCH', `weights ${file}: ${name} does not fit the model`);
    }
    extended.set(name, moved(name, own, old, rows));
  }
  const added = classes.filter((name) => !known.includes(name));
  const gone = known.filter((name) => !classes.includes(name));
  const note = `kept ${counted(kept.length, 'class', 'classes')}: ${some(kept)}; new: ${some(added)}; gone: ${some(gone)}`;
  return { tensors: extended, note };
}

/** A copy of `own` that has the row `rows[i]` of `old` as its row `i`; where that is -1 it keeps its own. */
function moved(name: string, own: Tensor, old: Tensor, rows: readonly number[]): Tensor {
  const values = toFloat64(name, own).slice();
  const from = toFloat64(name, old);
  const length = values.length / rows.length;
  for (const [i, row] of rows.entries()) {
    if (row >= 0) values.set(from.subarray(row * length, (row + 1) * length), i * length);
  }
  // float64 holds those of every other type, and whoever loads them rounds back to the very same.
  return { dtype: 'F64', shape: own.shape, data: new Uint8Array(values.buffer) };
}

const sameRows = (own: readonly number[], old: readonly number[], known: number): boolean =>
  old[0] === known && own.length === old.length && own.slice(1).every((size, i) => size === old[i + 1]);

const some = (names: readonly string[]): string => (names.length === 0 ? 'none' : firstOf(names));
