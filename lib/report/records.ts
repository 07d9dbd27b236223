import type { DataPrint } from '../data/fingerprint';
import type { UnreadableImage } from '../data/unreadable';
import type { ClassResult } from '../eval/types';
import type { Preprocessing, ResolvedTrainOptions } from '../options';

// What a run's folder holds, as `train` writes it and a report reads it.

/** Written first and last by a run. */
export const CONFIG = 'config.json';
export const RESULT = 'result.json';
export const METRICS = 'metrics.jsonl';
export const PREDICTIONS = 'predictions.jsonl';
/** The images that the run goes without, where there are any. */
export const SKIPPED = 'skipped.jsonl';
/** The page, and what it needs beside the other files. */
export const REPORT = 'report.html';
export const REPORT_DATA = 'report.json';

/** What `config.json` holds: what the run is. */
export interface RunConfig {
  options: ResolvedTrainOptions;
  versions: Record<string, string | undefined>;
  classes: string[];
  preprocessing: Preprocessing;
  /** Of the images that the run began with. */
  data: DataPrint;
  /** The images that it goes without. */
  unreadable: UnreadableImage[];
  /** These by split, class and name, wherever the folder lies. Undefined of an older run. */
  unreadableNames?: string[] | undefined;
  /** Where `--class-weights` names a file: what it held when the run began, in the order of the classes. Undefined of an older run. */
  classWeights?: number[] | undefined;
}

/** One optimizer step, as `metrics.jsonl` holds it. */
export interface StepRecord {
  /** Which record it is. */
  kind: 'step';
  /** From 1. */
  epoch: number;
  /** Number of the step since the start of the run, from 1. */
  step: number;
  /** Mean over the images of this step, before the weights are moved. */
  loss: number;
  /** Learning rate; where parameter groups have different ones, that of `fc`. */
  lr: number;
  /** Images of this step. */
  images: number;
}

/** One epoch, as `metrics.jsonl` holds it. */
export interface EpochRecord {
  /** Which record it is. */
  kind: 'epoch';
  /** From 1. */
  epoch: number;
  /** Mean over the training images, of each step's weights as they were. */
  trainLoss: number;
  /** Share of the training images, 0..1. */
  trainAccuracy: number;
  /** Mean cross entropy over the validation images. */
  valLoss: number;
  /** Share of the validation images, 0..1. */
  valAccuracy: number;
  /** What the epoch took, with its validation. */
  seconds: number;
}

/** The weights that `model.safetensors` holds, and how they do on the validation images. */
export interface KeptModel {
  /** By what they were chosen, as `--keep` names it. */
  keep: ResolvedTrainOptions['keep'];
  /** From 1. */
  epoch: number;
  /** Optimizer steps until then, since the start of the run. */
  step: number;
  /** Loss of the batch of this step, where it decided. */
  batchLoss?: number;
  /** Mean cross entropy over the validation images. */
  valLoss: number;
  /** Share of the validation images, 0..1. */
  valAccuracy: number;
}

/** How the kept weights do on the validation images of one class. */
export type ClassFigures = Omit<ClassResult, 'index' | 'folders'>;

/** What a finished run comes to. */
export interface TrainResult {
  /** Absolute path of the run's folder. */
  output: string;
  /** Names of the classes, in the order of the outputs. */
  classes: string[];
  /** `cpu`, `cuda` or `cuda:N`. */
  device: string;
  /** Arithmetic: `fp32`, `fp32-strict`, `bf16` or `fp64`. */
  precision: string;
  /** Epochs that were trained. */
  epochs: number;
  /** Optimizer steps of all of them. */
  steps: number;
  /** Epochs since validation last got better, as `--patience` counts them. Undefined without it, and of an older run. */
  waited?: number | undefined;
  /** Validation images. */
  valImages: number;
  /** What `model.safetensors` holds. */
  model: KeptModel;
  /** How these weights do on the validation images of each class, in the order of `classes`. */
  perClass: ClassFigures[];
  /** The epoch that did best in validation. */
  best: { epoch: number; valLoss: number; valAccuracy: number };
  /** Figures of the last epoch; accuracies are shares, 0..1. */
  last: { trainLoss: number; trainAccuracy: number; valLoss: number; valAccuracy: number };
  /** What the training took: of a run that was resumed, all processes, without what was done again. */
  seconds: number;
}

/** What a report needs beside the other files of its run: kept in `report.json`, so that the page can be made again. */
export interface ReportData {
  /** What took how long: of a run that was resumed, in all processes, without what was done again. */
  phases: { name: string; seconds: number }[];
  /** What the run told on its way, also before it was resumed. */
  notes: string[];
  /** Optimizer steps of a whole epoch. Undefined of an older run. */
  stepsPerEpoch?: number | undefined;
  /** Training images as the network saw them. */
  batches: SeenBatch[];
}

/** The first images of a batch. */
export interface SeenBatch {
  epoch: number;
  /** Number of the batch in its epoch, from 1. */
  batch: number;
  images: {
    /** WebP, base64. */
    webp: string;
    /** The classes that it was shown as, and the share of each. */
    labels: { name: string; share: number }[];
  }[];
}
