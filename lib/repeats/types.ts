import type { Spread } from '../eval/student';
import type { Interval } from '../eval/wilson';
import type { TrainSettings } from '../options';
import type { ClassFigures, TrainEvent } from '../train/events';
import type { TrainControl } from '../train/run';

/** What several trainings differ in: the images that are for validation, or the seed. */
export type RepeatKind = 'folds' | 'seeds';

/**
 * What `crossValidate` takes: one folder of classes (of a folder with `train/` and `val/` only `train/`), the number of folds, and any of the options
 * of `train` that suit folds. Trainings that are resumed know all this by themselves.
 */
export type CrossValidateOptions = (
  | { data: string; resume?: string | undefined; folds: number }
  | { data?: string | undefined; resume: string; folds?: number | undefined }
) &
  Omit<TrainSettings, 'fold' | 'maxTime' | 'resume' | 'val' | 'valSplit'>;

/** What `trainSeeds` takes: the images as `train` takes them, the number of seeds, from `seed` on, and any of the options of `train`. */
export type TrainSeedsOptions = (
  | { data: string; resume?: string | undefined; seeds: number }
  | { data?: string | undefined; resume: string; seeds?: number | undefined }
) &
  Omit<TrainSettings, 'fold' | 'maxTime' | 'resume'>;

/** What a caller of `crossValidate` and `trainSeeds` may pass beside the options. */
export interface RepeatControl extends Omit<TrainControl, 'onEvent'> {
  /** Told everything that happens. It may be asynchronous; what it throws or rejects with ends the training. */
  onEvent?: ((event: RepeatEvent) => unknown) | undefined;
}

/** One training of several. */
export interface RepeatRun {
  /** Of its folder: `fold-2`, or `seed-7`. */
  name: string;
  /** From 1. */
  number: number;
  /** How many there are. */
  count: number;
  /** Seed of the training. */
  seed: number;
}

/** What one training of several came to, on its own validation images. */
export interface RunFigures extends RepeatRun {
  /** Absolute path of its folder, which is that of an ordinary run. */
  folder: string;
  /** Validation images. */
  images: number;
  /** Validation images whose class was predicted. */
  correct: number;
  /** correct / images */
  accuracy: number;
  /** Mean cross entropy over the validation images. */
  loss: number;
  /** Of the weights that were kept. */
  epoch: number;
  /** Whether it was finished before. */
  reused: boolean;
}

/** What several trainings come to, as `folds.json` and `seeds.json` have it. */
export interface RepeatResult {
  /** What the trainings differ in. */
  by: RepeatKind;
  /** Absolute path of the folder that holds theirs. */
  output: string;
  /** Names of the classes, in the order of the outputs. */
  classes: string[];
  /** One for each training, in order. */
  runs: RunFigures[];
  /** Over the trainings; the interval, of Student's t, is cut off at 0 and 1. */
  accuracy: Spread;
  /** Over the trainings. */
  loss: Spread;
  /**
   * All validation images together. Of folds, each image once; seeds validate the same images, or some of the same, again and again: then they
   * count once, with the mean accuracy.
   */
  pooled: {
    images: number;
    /** Of seeds a mean, and seldom an integer. */
    correct: number;
    /** correct / images */
    accuracy: number;
    /** 95 % interval of Wilson. */
    interval: Interval;
  };
  /** Over the predictions of all trainings. */
  perClass: ClassFigures[];
  /** Absolute path of the file of all predictions, each with its `fold` or `seed`. */
  predictions: string;
  /** What makes the figures better than they should be; empty where nothing is known to. */
  cautions: string[];
  /** Of all trainings together. */
  seconds: number;
}

/** What `crossValidate` and `trainSeeds` tell while they run. */
export type RepeatEvent =
  | { kind: 'note'; note: string }
  /** A training begins, goes on, or turns out to be finished: which of them its own events tell. */
  | { kind: 'run'; by: RepeatKind; run: RepeatRun; folder: string }
  | { kind: 'train'; by: RepeatKind; run: RepeatRun; event: TrainEvent }
  | ({ kind: 'done' } & RepeatResult);
