import fs, { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { ResnetFtError } from '../errors';
import type { Pause } from '../eval/calibration';
import { isMissing, reasonOf } from '../files/reason';
import { readIfThere } from '../files/regular-file';
import { temperatureIn } from '../model/describe';
import { MODEL_FILE } from '../model/locate';
import { severalIn } from '../model/several';
import { metadataIfWhole } from '../weights/safetensors';
import {
  CONFIG,
  METRICS,
  PREDICTIONS,
  REPORT_DATA,
  RESULT,
  type EpochRecord,
  type ReportData,
  type RunConfig,
  type StepRecord,
  type TrainResult,
} from './records';
import { dropRepeated } from './repeated';
import { Scores } from './scores';
import { isEpoch, isReportData, isRunConfig, isStep, trainResultFrom, withLosses } from './shapes';

const NONE: Pause = () => Promise.resolve();

/** What a report knows of a run: whatever its folder has so far. */
export interface Run {
  /** Absolute path. */
  folder: string;
  config: RunConfig;
  /** Undefined where the run has not come to its end. */
  result: TrainResult | undefined;
  steps: StepRecord[];
  epochs: EpochRecord[];
  /** Told by a run that goes on. */
  stepsPerEpoch?: number;
  /** Of the validation images; none where the run has not come to its end. */
  scores: Scores;
  /** Whether it has a model: one that was stopped early, or whose loss was no number, need not. */
  hasModel: boolean;
  /** By which the model's probabilities are calibrated; undefined where it has none. */
  temperature: number | undefined;
  /** Undefined where the run wrote none. */
  data: ReportData | undefined;
}

/**
 * Reads the folder of a run.
 *
 * @param pause called between lines, of which there may be hundreds of megabytes
 * @throws what `pause` does; ResnetFtError DATA_NOT_FOUND where it holds no run, DATA_INVALID where a file of it is damaged or can't be read; WEIGHTS_INVALID where its model can't be read at the moment
 */
export async function readRun(named: string, pause: Pause = NONE): Promise<Run> {
  const folder = path.resolve(named);
  const config = await json(path.join(folder, CONFIG), (value) =>
    isRunConfig(value) ? (value as RunConfig) : undefined,
  );
  if (config === undefined) {
    throw await noRun(named);
  }
  const steps: StepRecord[] = [];
  const epochs: EpochRecord[] = [];
  // A run that was killed may have left half of its last line.
  for await (const { value, last } of jsonLines(path.join(folder, METRICS), pause)) {
    if (isStep(value)) steps.push(withLosses(value as StepRecord, 'loss'));
    else if (isEpoch(value)) addEpoch(epochs, withLosses(value as EpochRecord, 'trainLoss', 'valLoss'));
    else if (!last) throw damaged(path.join(folder, METRICS));
  }
  const model = path.join(folder, MODEL_FILE);
  const temperature = await temperatureOf(model);
  const scores = new Scores(config.classes, temperature);
  const result = await json(path.join(folder, RESULT), trainResultFrom);
  const predictions = path.join(folder, PREDICTIONS);
  // Of a run that was made longer, and has not come to its end again, they are of its end before.
  for await (const { value, line } of result === undefined ? [] : jsonLines(predictions, pause)) {
    if (!scores.add(value)) throw damaged(predictions, `line ${line} is no prediction of these classes`);
  }
  scores.measuredLoss = result?.model.valLoss;
  return {
    ...{ folder, config, steps, epochs, scores, temperature, result },
    hasModel: await isFile(model),
    data: await json(path.join(folder, REPORT_DATA), (value) =>
      isReportData(value) ? (value as ReportData) : undefined,
    ),
  };
}

/** The error of a folder without a run: it may be missing, or one of several trainings. */
async function noRun(named: string): Promise<ResnetFtError> {
  const several = await severalIn(named);
  if (several !== undefined) return new ResnetFtError('DATA_NOT_FOUND', several);
  const missing = !fs.existsSync(named);
  const why = missing
    ? `no such folder: ${named}`
    : `${path.resolve(named)} holds no run of train: it has no ${CONFIG}`;
  return new ResnetFtError('DATA_NOT_FOUND', why, { hint: 'Name the output folder of train' });
}

/** Takes a record: where the run ended within the epoch, and was made longer since, there is an earlier one of fewer steps. */
function addEpoch(epochs: EpochRecord[], record: EpochRecord): void {
  dropRepeated(epochs, ({ epoch }) => epoch >= record.epoch);
  epochs.push(record);
}

const isFile = (file: string): Promise<boolean> =>
  stat(file).then(
    (there) => there.isFile(),
    (cause: unknown) => {
      if (isMissing(cause)) return false;
      throw unreadable(file, cause);
    },
  );

/** The temperature in a model's file; a run may have no model yet, and a damaged one is no matter of its report. */
async function temperatureOf(file: string): Promise<number | undefined> {
  return temperatureIn((await metadataIfWhole(file)) ?? {});
}

const unreadable = (file: string, cause: unknown): ResnetFtError =>
  new ResnetFtError('DATA_INVALID', `${file} can't be read: ${reasonOf(cause)}`, { cause });

function damaged(file: string, reason = 'the file is damaged'): ResnetFtError {
  return new ResnetFtError('DATA_INVALID', `${file}: ${reason}`, { hint: 'Put the file back as train wrote it' });
}

/**
 * What a file holds; undefined where there is no such file.
 *
 * @param from undefined for a value that the file should not hold
 */
async function json<T extends object>(file: string, from: (value: unknown) => T | undefined): Promise<T | undefined> {
  const bytes = await readIfThere(file).catch((cause: Error) => {
    throw unreadable(file, cause);
  });
  if (bytes === undefined) return undefined;
  try {
    const value = from(JSON.parse(bytes.toString()));
    if (value !== undefined) return value;
  } catch {
    // said below
  }
  throw damaged(file);
}

/** Bytes of a line beyond which a file is no list of records: a prediction of a million classes has less. */
const LONGEST = 2 ** 27;

/** The values of a file's lines, undefined for one that is no JSON; nothing where there is no such file. */
async function* jsonLines(file: string, pause: Pause): AsyncGenerator<{ value: unknown; line: number; last: boolean }> {
  let line = 0;
  // Of the line that is not complete: joined once it is, for a line of a hundred megabytes would else be copied with each piece of it.
  let pieces: string[] = [];
  let length = 0;
  try {
    // What stands there need not be a file: a device may have no end, and a pipe no beginning.
    if (!(await stat(file)).isFile()) throw damaged(file, 'is no file');
    for await (const chunk of createReadStream(file, 'utf8')) {
      const texts = String(chunk).split('\n');
      const rest = texts.pop() ?? '';
      for (const text of texts) {
        await pause();
        yield { value: parsed(pieces.join('') + text), line: ++line, last: false };
        pieces = [];
        length = 0;
      }
      pieces.push(rest);
      length += rest.length;
      if (length > LONGEST) throw damaged(file);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    if (error instanceof ResnetFtError) throw error;
    throw unreadable(file, error);
  }
  if (length > 0) yield { value: parsed(pieces.join('')), line: line + 1, last: true };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
