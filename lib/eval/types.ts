import type { FallbackEvent } from '../backend/registry';
import type { PassedOverEvent } from '../data/passed-over';
import type { DownloadEvent } from '../download/types';
import type { Architecture, EVAL_OPTIONS, GivenOptions } from '../options';
import type { UnreadableImage } from '../data/unreadable';
import type { Interval } from './wilson';

/** Folder names and the classes that they mean: by name, or by the number of the output. */
export type ClassMap = Readonly<Record<string, string | number>>;

/**
 * What {@link evaluate} takes: a model, a folder, and any of the options of the command line in camel case.
 *
 * @interface
 */
export type EvaluateOptions = {
  /** Folder of a run, file of weights, or the name of weights such as `imagenet-v1`. */
  model: string;
  /** Folder of class folders, or a data set with `val/`, which is then used. */
  data: string;
  /** As on the command line (`ants=ant,bees=309`, or the path of a JSON file), or an object. */
  classMap?: string | ClassMap | undefined;
} & Omit<GivenOptions<typeof EVAL_OPTIONS>, 'classMap'>;

/** One class of the model. Figures that would be a division by zero are null. */
export interface ClassResult {
  /** The model's name of it; with its number, `crane (134)`, where another class of the model has the same name. */
  name: string;
  /** Number of the model's output, from 0. */
  index: number;
  /** Folders whose images are of this class. */
  folders: string[];
  /** Images of this class. */
  support: number;
  /** Images that were taken for this class. */
  predicted: number;
  /** Images of this class that were taken for it. */
  correct: number;
  /** correct / predicted */
  precision: number | null;
  /** correct / support */
  recall: number | null;
  /** Harmonic mean of precision and recall: 2 correct / (support + predicted). */
  f1: number | null;
}

/** Images of one class that were taken for one class. */
export interface ConfusionPair {
  /** Place of the true class in `classes`. */
  truth: number;
  /** Place of the predicted class in `classes`. */
  predicted: number;
  /** How many, more than 0. */
  images: number;
}

/** Images by true and predicted class: all of the matrix, or of more than 2,000 classes what of it is not 0. One of `counts` and `pairs` is null. */
export interface Confusion {
  /** `counts[i][j]`: images of `classes[i]` taken for `classes[j]`; null of more than 2,000 classes. */
  counts: number[][] | null;
  /** In the order of the true classes, and for each of the predicted ones; null of up to 2,000 classes. */
  pairs: ConfusionPair[] | null;
  /** `other[i]`: images of `classes[i]` taken for a class of the model that is not in `classes`. */
  other: number[];
}

/**
 * What an evaluation comes to; the one object that `eval --json` prints. Every field is always there. Unreadable images count
 * nowhere but in `unreadable`.
 */
export interface EvalResult {
  /** As the caller named it. */
  model: string;
  /** The file of weights that was read. */
  file: string;
  /** Architecture of the model. */
  arch: Architecture;
  /** Absolute path of the folder that holds the class folders. */
  data: string;
  /** `cpu`, `cuda` or `cuda:N`. */
  device: string;
  /** Arithmetic: `fp32`, `fp32-strict`, `bf16` or `fp64`. */
  precision: string;
  /** Images that were evaluated. */
  images: number;
  /** Images whose true class has the highest of all logits. */
  correct: number;
  /** correct / images */
  accuracy: number;
  /** 95 % confidence interval of the accuracy, by Wilson's score. */
  interval: Interval;
  /** The same for the five highest logits; null for a model of five classes or fewer. */
  top5: { correct: number; accuracy: number } | null;
  /** Mean cross entropy over the images, natural logarithm, in double precision, over all outputs. */
  loss: number;
  /** What the model's outputs are divided by before they become probabilities; null of a model that was not calibrated. */
  temperature: number | null;
  /** As `loss`, which is that of the outputs as they are, but of the calibrated probabilities; null likewise. */
  calibratedLoss: number | null;
  /** All classes of a fine-tuned model; of an ImageNet model those that have a folder, in the order of the folders. */
  classes: ClassResult[];
  /** Images by true and predicted class. */
  confusion: Confusion;
  /** Images that could not be read, where they may be left out. */
  unreadable: UnreadableImage[];
  /** Of the pass over the images: decoding and network, not the loading of the model. */
  seconds: number;
  /** images / seconds */
  imagesPerSecond: number;
  /** Absolute path of the file of predictions; null where none was asked for. */
  predictions: string | null;
}

/** What `evaluate` tells while it runs. */
export type EvalEvent =
  | { kind: 'download'; event: DownloadEvent }
  | { kind: 'model'; file: string; arch: Architecture; classes: number; imagenet: boolean }
  /** `valOf` is the data set whose `val/` is used. */
  | { kind: 'data'; folder: string; valOf: string | undefined; images: number; classes: FolderClass[] }
  | PassedOverEvent
  | FallbackEvent
  | { kind: 'device'; device: string; precision: string; note: string }
  | { kind: 'unreadable'; file: string; reason: string }
  | { kind: 'image'; done: number; total: number }
  | ({ kind: 'done' } & EvalResult);

/** Which class of the model a folder means. */
export interface FolderClass {
  /** Name of the folder. */
  folder: string;
  /** The model's name of the class. */
  name: string;
  /** Number of the model's output, from 0. */
  index: number;
}

/** What a caller of {@link evaluate} may pass beside the options. */
export interface EvalControl {
  /** Stops the pass within a batch; the promise then rejects with code ABORTED. */
  signal?: AbortSignal | undefined;
  /** Told everything that happens. It may be asynchronous; what it throws or rejects with ends the evaluation. */
  onEvent?: ((event: EvalEvent) => unknown) | undefined;
  /** For the hint where the named weights can't be downloaded: what works without them. */
  withoutWeights?: string | undefined;
}
