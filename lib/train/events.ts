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
  /** How long the run takes, where the backend is a slow one; `note` is one line for a person. */
  | { kind: 'estimate'; seconds: number; note: string }
  | { kind: 'start'; output: string; epochs: number; stepsPerEpoch: number; images: number; valImages: number }
  | StepRecord
  | EpochRecord
  | { kind: 'saved'; file: string; epoch: number }
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
