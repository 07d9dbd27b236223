import path from 'node:path';
import type { FallbackEvent } from '../backend/registry';
import type { DownloadEvent } from '../download/types';
import { ResnetFtError, throwIfAborted } from '../errors';
import { pauses } from '../machine/pauses';
import type { Pause } from '../eval/calibration';
import { fitCalibration, type CalibrationFigures } from '../eval/fit-calibration';
import { Classifier } from '../model/classifier';
import { MODEL_FILE } from '../model/locate';
import { controlled, resolveCalibrateOptions, type CalibrateOptions, type ResolvedCalibrateOptions } from '../options';
import { readRun } from '../report/read-run';
import { changeModel } from './change-model';
import { openRunData, requireRun } from './run-data';
import { openRunModel, type RunModel } from './run-model';
import { validated, type Validated } from './validation';

const STOPPED = 'The calibration was stopped; the model is as it was';

/** What calibrating reports on its way. */
export type CalibrateEvent =
  | { kind: 'download'; event: DownloadEvent }
  | FallbackEvent
  | { kind: 'image'; done: number; total: number }
  /** There is nothing to forget: the model stays as it is. */
  | { kind: 'unchanged' };

/** What a caller of {@link calibrateModel} may pass beside the options. */
export interface CalibrateControl {
  /** Stops the work; the promise then rejects with code ABORTED, and the model is as it was. */
  signal?: AbortSignal | undefined;
  /** Told what happens on the way. */
  onEvent?: ((event: CalibrateEvent) => unknown) | undefined;
}

/** The temperature that a model has now, and what it does. */
export interface CalibrateResult extends CalibrationFigures {
  /** Absolute path of the model. */
  file: string;
  /** What the validation images were known by: the run's `predictions.jsonl`, or the images themselves. */
  from: 'predictions' | 'images';
  /** What to know of the model card, which says whether the model is calibrated; null where it was written. */
  note: string | null;
}

/** What `forget` leaves. */
export type ForgottenCalibration = Pick<CalibrateResult, 'file' | 'note'> & { temperature: null };

/**
 * Fits a temperature on the validation images of a run, and writes it into the metadata of its model, by which the model's probabilities are
 * calibrated from then on. The weights stay as they are, and so does which class is the most probable.
 *
 * @throws ResnetFtError INVALID_OPTION, also where the model is not in the folder of a run; DATA_INVALID where the images tell no temperature, a file of
 *   the run is damaged or the data set is not that of the run; OUTPUT_NOT_WRITABLE; ABORTED; what opening the model throws
 */
export async function calibrateModel(
  input: CalibrateOptions,
  control: CalibrateControl = {},
): Promise<CalibrateResult | ForgottenCalibration> {
  const options = resolveCalibrateOptions(input);
  return controlled(control, (heard) => calibrate(options, heard));
}

async function calibrate(
  options: ResolvedCalibrateOptions,
  control: CalibrateControl,
): Promise<CalibrateResult | ForgottenCalibration> {
  const signal = control.signal ?? new AbortController().signal;
  throwIfAborted(signal, STOPPED);
  const model = await openRunModel(options.model);
  const { file } = model;
  if (options.forget) {
    if (model.opened.temperature === undefined) {
      control.onEvent?.({ kind: 'unchanged' });
      return { file, temperature: null, note: null };
    }
    const note = await changeModel(file, { temperature: undefined }, undefined, signal, STOPPED);
    return { file, temperature: null, note };
  }
  const folder = path.dirname(file);
  await requireRun(file, 'calibrate');
  const kept = options.data === undefined ? await keptPredictions(model, pauses(signal, STOPPED)) : undefined;
  const { logits, targets } = kept ?? (await seenAgain(model, options, signal, control.onEvent ?? (() => {})));
  const figures = await fitCalibration(logits, targets, pauses(signal, STOPPED));
  if ('none' in figures) {
    throw new ResnetFtError('DATA_INVALID', `${folder}: ${figures.none}`, {
      hint:
        figures.never === true
          ? 'The model is as it was'
          : 'More validation images, or harder ones, would tell; the model is as it was',
    });
  }
  throwIfAborted(signal, STOPPED);
  const note = await changeModel(file, { temperature: figures.temperature }, model.opened.tensors, signal, STOPPED);
  return { file, ...figures, from: kept === undefined ? 'images' : 'predictions', note };
}

/** What the run has kept of its model's answers; undefined where that is not all, does not tell the logits, or is of other weights. */
async function keptPredictions(
  { opened, file }: RunModel,
  pause: Pause,
): Promise<(Pick<Validated, 'targets'> & { logits: Float64Array[] }) | undefined> {
  if (path.basename(file) !== MODEL_FILE) return undefined;
  const { scores } = await readRun(path.dirname(file), pause);
  const { images, logits, classes, beyond } = scores;
  const same = classes.length === opened.classes.length && classes.every((name, i) => name === opened.classes[i]);
  if (!same || images.length === 0 || logits.length < images.length) return undefined;
  // By what stands for a probability of 0, a temperature would be fitted to logits that the network never gave.
  if (beyond > 0) return undefined;
  return { logits, targets: images.map(({ truth }) => truth) };
}

async function seenAgain(
  { opened, file }: RunModel,
  options: ResolvedCalibrateOptions,
  signal: AbortSignal,
  emit: (event: CalibrateEvent) => void,
): Promise<Validated> {
  const { data, offline, batchSize } = options;
  const onProgress = (event: DownloadEvent): void => emit({ kind: 'download', event });
  const { classes } = opened;
  const option = 'calibrate';
  const { folder, dataset } = await openRunData(file, { data, offline, signal, onProgress, option, classes });
  const classifier = await Classifier.create(opened, options, emit);
  try {
    const onImage = (done: number, total: number): void => emit({ kind: 'image', done, total });
    return await validated(classifier, dataset.val, folder, { batchSize, signal, onImage });
  } finally {
    await classifier.close();
  }
}
