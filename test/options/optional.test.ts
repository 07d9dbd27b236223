import type {
  BenchControl,
  CalibrateControl,
  CheckControl,
  CheckOptions,
  CompareControl,
  CrossValidateOptions,
  DoctorControl,
  DownloadControl,
  EvalControl,
  EvaluateOptions,
  ExplainControl,
  ExportOptions,
  LoadImageOptions,
  LoadModelOptions,
  LrFindControl,
  PredictControl,
  RepeatControl,
  ServeControl,
  StreamControl,
  TrainControl,
  TrainOptions,
  TrainSeedsOptions,
  TrainSettings,
  UnknownControl,
  WatchOptions,
} from '../../lib';
import { checkControl } from '../../lib/options';
import { resolveTrainOptions } from '../../lib/options/train';
import { resolveWatchOptions } from '../../lib/options/watch';

// With exactOptionalPropertyTypes a field that may be left out may not be undefined, unless its type says so.

/** The fields that may be left out, but not be undefined. */
type Refusing<T> = T extends unknown
  ? {
      [K in keyof T]-?: object extends Pick<T, K> ? ({ [P in K]: undefined } extends Pick<T, K> ? never : K) : never;
    }[keyof T]
  : never;
type None<T extends never> = T;

// Compiled by `npm run lint`.
export type Checked = None<
  Refusing<
    | TrainControl
    | TrainOptions
    | TrainSettings
    | EvalControl
    | EvaluateOptions
    | CompareControl
    | RepeatControl
    | CrossValidateOptions
    | TrainSeedsOptions
    | LrFindControl
    | CheckControl
    | CheckOptions
    | BenchControl
    | DoctorControl
    | LoadModelOptions
    | PredictControl
    | StreamControl
    | ExplainControl
    | UnknownControl
    | CalibrateControl
    | ExportOptions
    | DownloadControl
    | ServeControl
    | WatchOptions
    | LoadImageOptions
  >
>;

test('a field that is undefined is one that was left out', () => {
  expect(() => checkControl({ signal: undefined, onEvent: undefined } satisfies TrainControl)).not.toThrow();
  expect(resolveTrainOptions({ data: 'photos', epochs: undefined }).epochs).toBe(50);
  expect(resolveWatchOptions({ port: undefined })).toEqual({ port: 0 });
});

test('errors of watchTraining, which is no command, have the names of its own options', () => {
  expect(() => resolveWatchOptions({ port: -1 })).toThrow(
    'Expected an integer of at least 0 and at most 65535 for port but received -1',
  );
  for (const unknown of [{ prot: 1 }, { watchPort: 1 }]) {
    expect(() => resolveWatchOptions(unknown as object)).toThrow(/^Expected an option for watchTraining but received /);
  }
});
