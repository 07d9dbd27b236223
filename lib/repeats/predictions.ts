import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { PredictionRecord } from '../eval/predictions-file';
import type { Finished } from './figures';
import type { RepeatKind } from './types';

/** What `train` calls its predictions, and what those of all trainings are called. */
export const PREDICTIONS = 'predictions.jsonl';

/** The predictions of all trainings, a line each, with the fold or the seed of the training that made it. */
export async function* predictionLines(by: RepeatKind, finished: readonly Finished[]): AsyncGenerator<Uint8Array> {
  for (const { run, result } of finished) {
    const own = by === 'folds' ? { fold: run.number } : { seed: run.seed };
    const text = await readFile(path.join(result.output, PREDICTIONS), 'utf8');
    const lines = text.split('\n').filter((line) => line !== '');
    const records = lines.map((line) => ({ ...own, ...(JSON.parse(line) as PredictionRecord) }));
    yield Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }
}
