import path from 'node:path';
import { writeAtomically } from '../files/atomic-file';

/** A prediction of an image whose class is known, as one line of `predictions.jsonl`. */
export interface PredictionRecord {
  file: string;
  trueClass: string;
  predictedClass: string;
  probabilities: Record<string, number>;
}

/** A prediction, and the softmax of the predicted class. */
export interface ScoredPrediction extends PredictionRecord {
  correct: boolean;
  probability: number;
}

/** What a spreadsheet takes for the beginning of a formula, in full width too, and the apostrophe that keeps it from doing so. */
const FORMULA = /^(?:\s*[=+\-@＝＋－＠']|[\t\r])/;

const COLUMNS = ['file', 'trueClass', 'predictedClass', 'correct', 'probability'] as const;

/**
 * Writes predictions as they come, whole or not at all: `.csv` with a header line (RFC 4180 quoting, lines end with a line feed),
 * or one JSON object a line, which holds the probabilities of the classes too. In CSV a text that a spreadsheet would run as a
 * formula, or that begins with an apostrophe, has an apostrophe before it.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE, or what `predictions` throws
 */
export async function writePredictions(file: string, predictions: AsyncIterable<ScoredPrediction>): Promise<void> {
  await writeAtomically(file, lines(predictions, path.extname(file).toLowerCase() === '.csv'));
}

async function* lines(predictions: AsyncIterable<ScoredPrediction>, csv: boolean): AsyncGenerator<Uint8Array> {
  if (csv) yield Buffer.from(`${COLUMNS.join(',')}\n`);
  for await (const prediction of predictions) {
    const line = csv ? COLUMNS.map((column) => cell(prediction[column])).join(',') : JSON.stringify(prediction);
    yield Buffer.from(`${line}\n`);
  }
}

function cell(value: string | number | boolean): string {
  const field = typeof value === 'string' && FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
