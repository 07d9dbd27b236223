import fs from 'node:fs';
import path from 'node:path';
import { ResnetFtError } from '../errors';
import type { PredictionRecord } from '../eval/predictions-file';
import { readRegularFile } from '../files/regular-file';
import { RESULT } from '../report/records';
import type { Finished } from './figures';
import type { RepeatKind } from './types';

/** What `train` calls its predictions, and what those of all trainings are called. */
export const PREDICTIONS = 'predictions.jsonl';

/**
 * The predictions of all trainings, a line each, with the fold or the seed of the training that made it.
 *
 * @throws ResnetFtError DATA_INVALID where those of a training can't be read
 */
export async function* predictionLines(by: RepeatKind, finished: readonly Finished[]): AsyncGenerator<Uint8Array> {
  for (const { run, result } of finished) {
    const own = by === 'folds' ? { fold: run.number } : { seed: run.seed };
    const records = (await readRecords(path.join(result.output, PREDICTIONS))).map((record) => ({ ...own, ...record }));
    yield Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }
}

async function readRecords(file: string): Promise<PredictionRecord[]> {
  try {
    const lines = (await readRegularFile(file)).toString().split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as PredictionRecord);
  } catch (cause) {
    const message = `${file} can't be read: ${(cause as Error).message}`;
    throw new ResnetFtError('DATA_INVALID', message, { hint: makeAgain(path.dirname(file)), cause });
  }
}

/** How the files of a training are made again: one that came to its end is not thrown away for that. */
function makeAgain(folder: string): string {
  return fs.existsSync(path.join(folder, RESULT))
    ? `Remove ${RESULT} beside it, and go on: the training then ends from its last checkpoint once more`
    : 'Remove the folder of this training, and begin it again';
}
