export { plainAugmentation } from './augmentation';
export {
  BENCH_OPTIONS,
  resolveBenchOptions,
  type BenchBackend,
  type BenchOptions,
  type ResolvedBenchOptions,
} from './bench';
export { CHECK_OPTIONS, resolveCheckOptions, type CheckOptions, type ResolvedCheckOptions } from './check';
export { checkControl, controlled } from './control';
export { DEFAULT_ARCHITECTURE, MACHINE_OPTIONS } from './common';
export {
  COMPARE_OPTIONS,
  COMPARE_ROWS,
  resolveCompareOptions,
  type CompareOptions,
  type CompareRow,
  type ResolvedCompareOptions,
} from './compare';
export { DOCTOR_OPTIONS, resolveDoctorOptions, type DoctorOptions } from './doctor';
export { EVAL_OPTIONS, type ResolvedEvalOptions } from './eval';
export { checkLastBatch, preprocessingOf, toMeasure } from './geometry';
export { EXPLAIN_OPTIONS, resolveExplainOptions, type ExplainOptions, type ResolvedExplainOptions } from './explain';
export { EXPORT_OPTIONS, resolveExportOptions, type ExportFormat, type ExportOptions } from './export';
export { onAbort } from './on-abort';
export { LR_FIND_OPTIONS, resolveLrFindOptions, type LrFindOptions, type ResolvedLrFindOptions } from './lr-find';
export { LOAD_MODEL_OPTIONS, PREDICT_OPTIONS, resolvePredictOptions } from './predict';
export {
  defined,
  kebab,
  oneOf,
  rejectMissing,
  rejectOption,
  rejectUse,
  requireOptions,
  requireText,
  resolveOptions,
  type Effect,
  type GivenOptions,
  type OptionTable,
  type ResolvedOptions,
} from './spec';
export { againstLinear, type RecipeName } from './recipes';
export { foldOf, REPEAT_OPTIONS, type Fold } from './repeats';
export { REPORT_OPTIONS, resolveReportOptions, type ReportOptions } from './report';
export { SERVE_OPTIONS, resolveServeOptions, type ResolvedServeOptions, type ServeOptions } from './serve';
export { SUMMARY_OPTIONS, resolveSummaryOptions, type ResolvedSummaryOptions, type SummaryOptions } from './summary';
export { TEAM_OPTIONS } from './team';
export {
  NO_CROPS,
  TRAIN_OPTIONS,
  resolveAgain,
  resolveTrainOptions,
  type ResolvedTrainOptions,
  type TrainOptions,
  type TrainSettings,
} from './train';
export {
  CALIBRATE_OPTIONS,
  resolveCalibrateOptions,
  type CalibrateOptions,
  type ResolvedCalibrateOptions,
} from './calibrate';
export { UNKNOWN_OPTIONS, resolveUnknownOptions, type ResolvedUnknownOptions, type UnknownOptions } from './unknown';
export {
  ARCHITECTURES,
  BACKENDS,
  DRAWS,
  FITS,
  INTERPOLATIONS,
  MEAN_RANGE,
  MOST_RESIZE,
  MOST_SIDE,
  OPTIMIZERS,
  PREPROCESSING,
  SAMPLING,
  STD_RANGE,
  TRAIN_FROM,
  architectureName,
  geometryOf,
  type Architecture,
  type Fitting,
  type Geometry,
  type Interpolation,
  type Precision,
  type Preprocessing,
  type TrainFrom,
} from './values';
export { WATCH_OPTIONS, resolveWatch, resolveWatchOptions, type WatchOptions } from './watch';
