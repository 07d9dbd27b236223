/**
 * Fine-tunes torchvision's ResNets on folders of images, and uses what comes of it, natively through LibTorch: {@link train}, {@link evaluate},
 * {@link loadModel}; {@link checkData} before and {@link makeReport} after. Options are those of the command line in camel case, and have its
 * defaults. What is wrong is a {@link ResnetFtError} with a stable code.
 *
 * @packageDocumentation
 */

import { asItIsNow } from './data/require-image';
import type { BenchControl } from './bench/bench';
import type { BenchReport } from './bench/types';
import type { CheckControl, CheckReport } from './check/types';
import type { CalibrateControl, CalibrateResult, ForgottenCalibration } from './explain/calibrate';
import type { DoctorControl } from './doctor/doctor';
import type { DoctorReport } from './doctor/report';
import type { ExplainControl, ExplainedImage, UnexplainedImage } from './explain/explain';
import type { UnknownControl, UnknownResult } from './explain/fit-unknown';
import type {
  BenchOptions,
  CalibrateOptions,
  CheckOptions,
  DoctorOptions,
  ExplainOptions,
  ServeOptions,
  UnknownOptions,
  WatchOptions,
} from './options';
import type { ModelServer, ServeControl } from './serve/types';
import type { Watch } from './watch/watch';
import type { RgbImage } from './backend/types';
import type { LoadImageOptions } from './data/load-image';

export { ResnetFtError, type ErrorCode } from './errors';
export { compare, type CompareControl } from './compare/compare';
export type { CompareEvent, CompareResult, RowResult } from './compare/types';
export type { BenchControl } from './bench/bench';
export type {
  Agreement,
  BackendReport,
  BenchReport,
  BenchStatus,
  Figure,
  LoadTime,
  Skipped,
  Throughput,
} from './bench/types';
export type { FindingKind, Severity } from './check/kinds';
export type {
  CheckControl,
  CheckEvent,
  CheckReport,
  CheckStage,
  Finding,
  JudgedBy,
  SkippedPart,
  SplitReport,
} from './check/types';
export type { DoctorControl } from './doctor/doctor';
export type { CheckStatus, DoctorCheck, DoctorReport } from './doctor/report';
export { evaluate } from './eval/evaluate';
export type {
  ClassMap,
  ClassResult,
  Confusion,
  ConfusionPair,
  EvalControl,
  EvalEvent,
  EvalResult,
  EvaluateOptions,
  FolderClass,
} from './eval/types';
export type { Spread } from './eval/student';
export type { Interval } from './eval/wilson';
export type { CalibrationFigures } from './eval/fit-calibration';
export type { CalibrateControl, CalibrateEvent, CalibrateResult, ForgottenCalibration } from './explain/calibrate';
export type { ExplainControl, ExplainedImage, ExplainEvent, UnexplainedImage } from './explain/explain';
export type { UnknownControl, UnknownEvent, UnknownResult } from './explain/fit-unknown';
export type { Neighbour } from './explain/neighbours';
export { exportModel, type ExportResult } from './export/export';
export { findLearningRate } from './lr-find/find';
export type { LrEnd, LrFindControl, LrFindEvent, LrFindResult, LrPoint, LrSuggestion } from './lr-find/types';
export type { ImageInput } from './model/classifier';
export {
  loadModel,
  type FailedPrediction,
  type LoadModelOptions,
  type Model,
  type PredictControl,
  type Prediction,
  type StreamControl,
  type StreamedPrediction,
} from './model/load-model';
export type { ClassScore } from './model/scores';
export type { Verdict } from './model/unknown';
export type {
  Architecture,
  BenchBackend,
  BenchOptions,
  CalibrateOptions,
  CheckOptions,
  CompareOptions,
  CompareRow,
  DoctorOptions,
  ExplainOptions,
  ExportOptions,
  Fitting,
  Geometry,
  LrFindOptions,
  Preprocessing,
  ReportOptions,
  ResolvedTrainOptions,
  ServeOptions,
  SummaryOptions,
  TrainOptions,
  TrainSettings,
  UnknownOptions,
  WatchOptions,
} from './options';
export { makeReport, type ReportResult } from './report/report';
export { crossValidate, trainSeeds } from './repeats/repeats';
export type {
  CrossValidateOptions,
  RepeatControl,
  RepeatEvent,
  RepeatKind,
  RepeatResult,
  RepeatRun,
  RunFigures,
  TrainSeedsOptions,
} from './repeats/types';
export type { ModelServer, ServeControl, ServeEvent } from './serve/types';
export { summarize, type Summary } from './summary/summarize';
export type { SummaryRow, SummaryTotals } from './summary/measure';
export { train, type Training } from './train/training';
export type { TrainControl } from './train/run';
export type { ClassFigures, EpochRecord, KeptModel, StepRecord, TrainEvent, TrainResult } from './train/events';
export type { Watch } from './watch/watch';
export { readStateDict, writeStateDict } from './weights/index';
export type { PassedOver } from './data/image-folder';
export type { PassedOverEvent } from './data/passed-over';
export type { FallbackEvent } from './backend/registry';
export type { UnreadableImage } from './data/unreadable';
export type { CropOptions, RgbImage } from './backend/types';
export type { LoadImageOptions } from './data/load-image';
export type { Dtype, StateDict, Tensor } from './weights/state-dict';
export type { DownloadControl, DownloadEvent } from './download/types';

/**
 * Decodes an image and, where asked to, resizes and crops it: the very bytes that torchvision and Pillow give.
 *
 * @param input path of a file, or its content, which is copied
 * @throws ResnetFtError IMAGE_UNREADABLE where it can't be decoded, INVALID_OPTION for an impossible size
 */
export async function loadImage(input: string | Uint8Array, options: LoadImageOptions = {}): Promise<RgbImage> {
  const image = asItIsNow(input);
  // Loaded only here: the decoder is heavy, and not every program that trains or reads weights needs it.
  const module = await import('./data/load-image.js');
  return module.loadImage(image, options);
}

/**
 * Measures every backend of this machine in a process of its own, after checking that their logits agree.
 *
 * @throws ResnetFtError INVALID_OPTION, what opening the model and the images throws, OUTPUT_NOT_WRITABLE, ABORTED
 */
export async function bench(input: BenchOptions = {}, control: BenchControl = {}): Promise<BenchReport> {
  const module = await import('./bench/bench.js');
  return module.bench(input, control);
}

/**
 * Looks at every part of the installation.
 *
 * @throws ResnetFtError INVALID_OPTION, or ABORTED by `control.signal`; whatever is broken is in the report.
 */
export async function doctor(options: DoctorOptions = {}, control: DoctorControl = {}): Promise<DoctorReport> {
  const module = await import('./doctor/doctor.js');
  return module.doctor(options, control);
}

/**
 * Shows where in images the evidence for a class lies: writes a picture of each, with the map of Grad-CAM in colours beside the image
 * itself, and gives the results in order as they come.
 *
 * @throws ResnetFtError INVALID_OPTION, also for a layer or a class that the model does not have; OUTPUT_NOT_WRITABLE where the folder
 *   can't be made; what opening the model throws; ABORTED. What is wrong with one image is in its place among the results.
 */
export async function* explain(
  input: ExplainOptions,
  control: ExplainControl = {},
): AsyncGenerator<ExplainedImage | UnexplainedImage> {
  const module = await import('./explain/explain.js');
  yield* module.explain(input, control);
}

/**
 * Teaches a model of `train` to say "none of these", by the run's validation images: predictions then have a `verdict`.
 *
 * @returns undefined where `forget` took the threshold out of the model, or it had none
 * @throws ResnetFtError INVALID_OPTION, also where the model is not in the folder of a run; DATA_INVALID where the data set is not that
 *   of the run; OUTPUT_NOT_WRITABLE; ABORTED; what opening the model throws
 */
export async function fitUnknown(
  input: UnknownOptions,
  control: UnknownControl = {},
): Promise<UnknownResult | undefined> {
  const module = await import('./explain/fit-unknown.js');
  return module.fitUnknown(input, control);
}

/**
 * Fits a temperature on the validation images of a run, and keeps it in the metadata of its model: probabilities are calibrated from then on, and which
 * class is the most probable stays as it is.
 *
 * @throws ResnetFtError INVALID_OPTION, also where the model is not in the folder of a run; DATA_INVALID where the images tell no temperature, a
 *   file of the run is damaged or the data set is not that of the run; OUTPUT_NOT_WRITABLE; ABORTED; what opening the model throws
 */
export async function calibrateModel(
  input: CalibrateOptions,
  control: CalibrateControl = {},
): Promise<CalibrateResult | ForgottenCalibration> {
  const module = await import('./explain/calibrate.js');
  return module.calibrateModel(input, control);
}

/**
 * Looks through a folder of images for what would stop a training, make its figures wrong or its model worse: `resnet-ft check` as a function. It changes
 * nothing; the report has the shell commands that would. docs/check.md explains what is looked for.
 *
 * @param options.data folder of classes, or of `train/` and `val/`
 * @param options.model where labels and look-alikes are to be judged by embeddings too
 * @param options.html file for a page that shows the images
 * @throws ResnetFtError INVALID_OPTION, DATA_NOT_FOUND, DATA_INVALID where the folder itself can't be listed, OUTPUT_NOT_WRITABLE, ABORTED by
 *   `control.signal`, and what opening a model throws; whatever is wrong with the images is in the report
 */
export async function checkData(options: CheckOptions, control: CheckControl = {}): Promise<CheckReport> {
  const module = await import('./check/check.js');
  return module.checkData(options, control);
}

/**
 * Serves a page on 127.0.0.1 that follows a training while it runs, and turns into its report at the end.
 *
 *     const watch = await watchTraining();
 *     console.log(watch.url);
 *     try {
 *       await train({ data: 'photos', valSplit: 0.2 }, { onEvent: watch.see });
 *       await watch.end();
 *     } catch (error) {
 *       await watch.end(error);
 *       throw error;
 *     }
 *
 * @throws ResnetFtError INVALID_OPTION; ADDRESS_UNAVAILABLE where the port can't be had
 */
export async function watchTraining(options: WatchOptions = {}): Promise<Watch> {
  const module = await import('./watch/watch.js');
  return module.watchTraining(options);
}

/**
 * Serves a model by HTTP: a page where images are tried and their classes corrected, and an interface for programs; `resnet-ft serve` as a function.
 * Images of all requests run through the network together. docs/serve.md describes the interface.
 *
 * @param control.signal stops the loading of the model, and later the server
 * @returns the server, which listens; `close` it
 * @throws ResnetFtError INVALID_OPTION; ADDRESS_UNAVAILABLE; OUTPUT_NOT_WRITABLE where the folder of corrections can't be made; what opening the
 *   model throws; ABORTED
 */
export async function serveModel(options: ServeOptions, control: ServeControl = {}): Promise<ModelServer> {
  const module = await import('./serve/serve.js');
  return module.serveModel(options, control);
}
