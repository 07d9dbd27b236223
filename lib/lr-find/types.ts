import type { TrainEvent } from '../train/events';

/** One optimizer step of a range test. */
export interface LrPoint {
  /** From 1. */
  step: number;
  /** The rate that stands in for `--lr`. */
  lr: number;
  /** Of the images of the step, before the weights are moved at this rate. */
  loss: number;
  /** The exponential average of the losses so far. */
  smoothed: number;
}

/** A learning rate to train with. */
export interface LrSuggestion {
  /** Where the smoothed loss falls most steeply. */
  lr: number;
  /** The rate of `fc` beside it, where `lrHead` was given. */
  lrHead?: number;
  /** A second opinion: a tenth of the rate at which the smoothed loss is least. */
  tenthOfLeast: number;
}

/** Why a range test ended: all steps are done, the smoothed loss exploded, or a loss was infinite or no number. */
export type LrEnd = 'steps' | 'diverged' | 'not-finite';

/** What a range test found. */
export interface LrFindResult {
  /** Folder of the images. */
  data: string;
  /** Architecture of the network. */
  arch: string;
  /** `cpu`, `cuda` or `cuda:N`. */
  device: string;
  /** Arithmetic: `fp32`, `fp32-strict`, `bf16` or `fp64`. */
  precision: string;
  /** Training images. */
  images: number;
  /** Why it ended. */
  ended: LrEnd;
  /** One for each step. */
  points: LrPoint[];
  /** Null where the curve gives none: `note` says why. */
  suggestion: LrSuggestion | null;
  /** One line for a person: why there is no suggestion, or what would make it better; null where there is nothing to say. */
  note: string | null;
  /** Absolute path of the drawing; null where none was asked for. */
  output: string | null;
  /** What the test took. */
  seconds: number;
}

/** What a range test tells while it runs. */
export type LrFindEvent =
  /** What is opened and read before: the events of `train`. */
  | TrainEvent
  | { kind: 'lr-start'; steps: number; stepsPerEpoch: number; images: number }
  | ({ kind: 'lr-step' } & LrPoint)
  /** The result, without the points, which have been told. */
  | ({ kind: 'lr-done' } & Omit<LrFindResult, 'points'>);

/** How a range test is stopped and tells what happens. */
export interface LrFindControl {
  /** Stops it within a batch; the promise then rejects with code ABORTED. */
  signal?: AbortSignal | undefined;
  /** Told everything that happens. It may be asynchronous; what it throws or rejects with ends the test. */
  onEvent?: ((event: LrFindEvent) => unknown) | undefined;
}
