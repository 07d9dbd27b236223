import type { FallbackEvent } from '../backend/registry';
import type { PassedOverEvent } from '../data/passed-over';
import type { DownloadEvent } from '../download/types';
import type { ClassResult } from '../eval/types';
import type { ResolvedTrainOptions } from '../options';

/** One optimizer step, as `metrics.jsonl` holds it. */
export interface StepRecord {
  kind: 'step';
  epoch: number;
  /** Number of the step since the start of the run, from 1. */
  step: number;
  loss: number;
  /** Learning rate; where parameter groups have different ones, that of `fc`. */
  lr: number;
  /** Images of this step. */
  images: number;
}

/** One epoch, as `metrics.jsonl` holds it. */
export interface EpochRecord {
  kind: 'epoch';
  epoch: number;
  trainLoss: number;
  trainAccuracy: number;
  valLoss: number;
  valAccuracy: number;
  seconds: number;
}

/** The weights that `model.safetensors` holds, and how they do on the validation images. */
export interface KeptModel {
  keep: ResolvedTrainOptions['keep'];
  epoch: number;
  /** Optimizer steps until then, since the start of the run. */
  step: number;
  /** Loss of the batch of this step, where it decided. */
  batchLoss?: number;
  valLoss: number;
  valAccuracy: number;
}

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
  | { kind: 'start'; output: string; epochs: number; stepsPerEpoch: number; images: number; valImages: number }
  | StepRecord
  | EpochRecord
  | { kind: 'saved'; file: string; epoch: number }
  /** All that the run is after so many optimizer steps is in this file. */
  | { kind: 'checkpoint'; file: string; step: number }
  /** The run goes on after so many optimizer steps, in this epoch; all events before are those of the run that began it. */
  | { kind: 'resumed'; file: string | undefined; step: number; epoch: number }
  /** The run that was to be resumed has come to its end; its result is that of then. */
  | { kind: 'finished'; output: string; epochs: number; steps: number }
  | ({ kind: 'done' } & TrainResult);

/** How the kept weights do on the validation images of one class. */
export type ClassFigures = Omit<ClassResult, 'index' | 'folders'>;

/** What a finished run comes to. */
export interface TrainResult {
  /** Absolute path of the run's folder. */
  output: string;
  classes: string[];
  device: string;
  precision: string;
  epochs: number;
  steps: number;
  valImages: number;
  /** What `model.safetensors` holds. */
  model: KeptModel;
  /** How these weights do on the validation images of each class, in the order of `classes`. */
  perClass: ClassFigures[];
  /** The epoch that did best in validation. */
  best: { epoch: number; valLoss: number; valAccuracy: number };
  last: { trainLoss: number; trainAccuracy: number; valLoss: number; valAccuracy: number };
  seconds: number;
}
