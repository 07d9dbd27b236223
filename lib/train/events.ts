import type { FallbackEvent } from '../backend/registry';
import type { PassedOverEvent } from '../data/passed-over';
import type { DownloadEvent } from '../download/types';
import type { CalibrationFigures } from '../eval/fit-calibration';
import type { EpochRecord, StepRecord, TrainResult } from '../report/records';

export type { ClassFigures, EpochRecord, KeptModel, StepRecord, TrainResult } from '../report/records';

/** What `train` tells while it runs. */
export type TrainEvent =
  | { kind: 'data'; classes: string[]; train: number; val: number }
  | PassedOverEvent
  | FallbackEvent
  | { kind: 'device'; device: string; precision: string; note: string }
  | { kind: 'download'; event: DownloadEvent }
  | { kind: 'weights'; file: string; note: string }
  | { kind: 'note'; note: string }
  | { kind: 'crops'; done: number; total: number }
  | { kind: 'skipped'; file: string; reason: string }
  /** How far the features of frozen modules are computed, before the run's first epoch. */
  | { kind: 'features'; done: number; total: number }
  /** An epoch of `--head-epochs`, before the run's own. */
  | { kind: 'head'; epoch: number; epochs: number; valLoss: number; valAccuracy: number }
  /** How long the run takes, where the backend is a slow one; `note` is one line for a person. */
  | { kind: 'estimate'; seconds: number; note: string }
  /** The first epoch begins; `steps` are the optimizer steps of the whole run, which may end before. */
  | {
      kind: 'start';
      output: string;
      epochs: number;
      steps: number;
      stepsPerEpoch: number;
      images: number;
      valImages: number;
    }
  | StepRecord
  | EpochRecord
  | { kind: 'saved'; file: string; epoch: number }
  /** The kept weights were calibrated: {@link CalibrationFigures}. */
  | ({ kind: 'calibrated' } & CalibrationFigures)
  /** The page about the run is in this file. */
  | { kind: 'report'; file: string }
  /** All that the run is after so many optimizer steps is in this file. */
  | { kind: 'checkpoint'; file: string; step: number }
  /** The run goes on after so many optimizer steps, in this epoch; all events before are those of the run that began it. */
  | { kind: 'resumed'; file: string | undefined; step: number; epoch: number }
  /** The run that was to be resumed has come to its end; its result is that of then. The options in `further` would train it further. */
  | { kind: 'finished'; output: string; epochs: number; steps: number; further?: string }
  | ({ kind: 'done' } & TrainResult);
