import { oneLine, ResnetFtError } from '../errors';
import { readSmallText } from '../files/text-file';
import { suggest } from '../text/suggest';
import { classCounts } from '../data/class-counts';

const MAX_BYTES = 8 * 1024 * 1024;

const HINT = 'Give --class-weights balanced, or a file that has a class and its weight on each line';

/** The classes of a run, and those of its training images. */
interface ClassesOfRun {
  classes: readonly string[];
  train: readonly { target: number }[];
}

/**
 * The weights of the classes in the loss: `balanced`, images / (classes x images of the class), as scikit-learn has it; else those of a
 * file, a JSON object such as `{"ants": 1, "bees": 2.5}` or lines such as `bees 2.5`.
 *
 * @param given undefined: none
 * @returns one for each class, or none at all
 * @throws ResnetFtError DATA_NOT_FOUND, or DATA_INVALID naming the file and the class
 */
export async function readClassWeights(
  given: string | undefined,
  { classes, train }: ClassesOfRun,
): Promise<Float64Array> {
  if (given === undefined) return new Float64Array();
  if (given === 'balanced') return balanced(classes.length, train);
  const text = await readSmallText(given, MAX_BYTES).catch((error: unknown) => {
    if (!(error instanceof ResnetFtError)) throw error;
    throw new ResnetFtError(error.code, `class weights: ${error.message}`, { hint: HINT, cause: error });
  });
  const weights = text.trimStart().startsWith('{') ? fromJson(given, text) : fromLines(given, text);
  for (const name of weights.keys()) {
    if (classes.includes(name)) continue;
    const near = suggest(name, classes);
    throw invalid(given, `there is no class ${name}`, near === undefined ? undefined : `Did you mean ${near}?`);
  }
  const missing = classes.filter((name) => !weights.has(name));
  if (missing.length > 0) throw invalid(given, `no weight for ${missing.join(', ')}`);
  return Float64Array.from(classes, (name) => weights.get(name) ?? 1);
}

function balanced(classes: number, train: ClassesOfRun['train']): Float64Array {
  const counts = classCounts(train.map(({ target }) => target));
  return Float64Array.from({ length: classes }, (_, target) => train.length / (classes * (counts.get(target) ?? 0)));
}

function invalid(file: string, reason: string, hint?: string): ResnetFtError {
  return new ResnetFtError('DATA_INVALID', `class weights ${file}: ${reason}`, {
    hint: hint ?? 'It must hold a class and its weight on each line, or a JSON object such as {"ants": 1, "bees": 2.5}',
  });
}

function fromJson(file: string, text: string): Map<string, number> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(file, `not valid JSON (${oneLine((error as Error).message)})`);
  }
  const entries = Object.entries(value as object) as [string, unknown][];
  return new Map(entries.map(([name, weight]) => [name, checked(file, name, weight)]));
}

function fromLines(file: string, text: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const [i, line] of text.split(/\r\n|\n|\r/).entries()) {
    const both = line.trim();
    if (both === '') continue;
    // Names may have spaces in them.
    const weight = both.split(/\s/).at(-1) ?? '';
    const name = both.slice(0, -weight.length).trim();
    if (name === '') throw invalid(file, `line ${i + 1} is not a class and a weight`);
    if (weights.has(name)) throw invalid(file, `line ${i + 1} has ${name}, which an earlier line has`);
    weights.set(name, checked(file, name, Number(weight), weight));
  }
  return weights;
}

function checked(file: string, name: string, weight: unknown, shown = JSON.stringify(weight)): number {
  if (typeof weight === 'number' && Number.isFinite(weight) && weight > 0) return weight;
  throw invalid(file, `the weight of ${name} must be a number above 0, not ${shown}`);
}
