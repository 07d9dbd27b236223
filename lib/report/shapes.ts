import { count, fields, list, map, name, nullable, number, optional, text, type Shape } from '../files/shape';
import { preprocessingFrom } from '../model/describe';
import { TRAIN_OPTIONS } from '../options';
import type { TrainResult } from './records';

// What the files of a run's folder hold, as far as what reads them relies on it: a page or a resumed run may get them from anybody.

const print = map(fields({ images: count, hash: text }));

/** Options of these names by their types; others, of other versions, are passed over. */
const ofItsType: Shape = (options) =>
  Object.entries(options as object).every(([key, value]: [string, unknown]) => {
    const type = (TRAIN_OPTIONS as Readonly<Record<string, { type: string } | undefined>>)[key]?.type;
    return type === undefined ? key === 'data' || !isComposed(value) : value === undefined || typeof value === type;
  });

/** An object or an array: of data that an option has none. */
const isComposed = (value: unknown): boolean => typeof value === 'object' && value !== null;

const weight: Shape = (value) => typeof value === 'number' && value > 0 && Number.isFinite(value);

/** One for each class, where there are any. */
const areOfClasses: Shape = (value) => {
  const { classes, classWeights } = value as { classes: string[]; classWeights?: number[] };
  return classWeights === undefined || classWeights.length === classes.length;
};

const optionsOfRun = fields({ data: name, weights: name });

/** Of `config.json`. */
export const isRunConfig: Shape = (value) =>
  fields({
    options: (options) => optionsOfRun(options) && ofItsType(options),
    classes: list(text),
    preprocessing: (given) => preprocessingFrom(given) !== undefined,
    versions: optional(map(text)),
    data: optional(fields({ train: print, val: print })),
    unreadable: optional(list(fields({ file: text, reason: text }))),
    unreadableNames: optional(list(text)),
    classWeights: optional(list(weight)),
  })(value) && areOfClasses(value);

/** A loss that is not finite is null in JSON. */
const loss = nullable(number);

/** Of a line of `metrics.jsonl`. */
export const isStep = fields({ kind: (kind) => kind === 'step', epoch: count, step: count, loss, lr: number });
export const isEpoch = fields({
  kind: (kind) => kind === 'epoch',
  ...{ epoch: count, trainLoss: loss, trainAccuracy: number, valLoss: loss, valAccuracy: number, seconds: number },
});

const share = nullable(number);
const perClass = fields({ name: text, support: count, predicted: count, correct: count });
const rates = fields({ precision: share, recall: share, f1: share });

const isTrainResult = fields({
  ...{
    output: text,
    classes: list(text),
    device: text,
    precision: text,
    epochs: count,
    steps: count,
    valImages: count,
  },
  waited: optional(count),
  model: fields({ keep: text, epoch: count, step: count, valLoss: loss, valAccuracy: number }),
  perClass: list((one) => perClass(one) && rates(one)),
  best: fields({ epoch: count, valLoss: loss, valAccuracy: number }),
  last: fields({ trainLoss: loss, trainAccuracy: number, valLoss: loss, valAccuracy: number }),
  seconds: number,
});

/** JSON has no number for a loss that is not finite, and writes null. */
export function withLosses<T, K extends keyof T>(record: T, ...losses: K[]): T {
  const read = { ...record };
  for (const key of losses) read[key] ??= NaN as T[K];
  return read;
}

/** What `result.json` says; undefined where it says something else. */
export function trainResultFrom(value: unknown): TrainResult | undefined {
  if (!isTrainResult(value)) return undefined;
  const result = value as TrainResult;
  return {
    ...result,
    model: withLosses(result.model, 'valLoss'),
    best: withLosses(result.best, 'valLoss'),
    last: withLosses(result.last, 'trainLoss', 'valLoss'),
  };
}

const label = fields({ name: text, share: number });
const seen = fields({ epoch: count, batch: count, images: list(fields({ webp: text, labels: list(label) })) });

/** Of `report.json`. */
export const isReportData = fields({
  phases: optional(list(fields({ name: text, seconds: number }))),
  notes: optional(list(text)),
  stepsPerEpoch: optional((value) => count(value) && value !== 0),
  batches: optional(list(seen)),
});
