import type { DownloadEvent } from '../download/types';
import type { FallbackEvent } from '../backend/registry';
import type { FindingKind, Severity } from './kinds';

/** A folder of classes that was looked at. */
export interface SplitReport {
  /** `train`, `val`, `test`, or `all` where the folder is not divided. */
  name: string;
  /** Absolute path. */
  folder: string;
  /** Files with names of images, whether they can be read or not. */
  images: number;
  /** Names of the folders, and images in each. */
  classes: { name: string; images: number }[];
}

/** One thing that was found. */
export interface Finding {
  /** What it is. */
  kind: FindingKind;
  /** How bad it is. */
  severity: Severity;
  /** Absolute paths of the files or folders it is about; of duplicates the one to keep comes first. */
  files: string[];
  /** One line for a person, without the names of `files`. */
  note: string;
  /**
   * Shell commands that would mend it; those that want a look before begin with `# `. None where there is nothing to do, or names can't
   * be written.
   */
  commands: string[];
  /** How sure, where that is a number: of near duplicates the likeness, 0..1; of wrong labels how much less probable the folder's class is. */
  score?: number;
  /** Of a probable wrong label: the class of the folder, that which the others suggest, and their cross-validated probabilities. */
  label?: { given: string; suggested: string; givenProbability: number; suggestedProbability: number };
}

/** A part of the check that was not done, and how to have it. */
export interface SkippedPart {
  /** What was not done. */
  part: 'embeddings' | 'labels';
  /** Why, and how to have it, in one line. */
  reason: string;
}

/** What embeddings and labels were judged by. */
export interface JudgedBy {
  /** As the caller named it. */
  model: string;
  /** Its architecture. */
  arch: string;
  /** `cpu`, `cuda` or `cuda:N`. */
  device: string;
  /** Arithmetic: `fp32`, `fp32-strict`, `bf16` or `fp64`. */
  precision: string;
  /** Numbers of an embedding. */
  features: number;
  /** Images that were judged in cross-validation. */
  images: number;
  /** Parts of the cross-validation. */
  folds: number;
  /** Share of them whose class it says; null where labels were not judged. */
  accuracy: number | null;
  /** Share of the largest class, which is what knowing nothing comes to. */
  chance: number;
}

/** All that {@link checkData} found: the JSON of `resnet-ft check --json`. */
export interface CheckReport {
  /** Absolute path of the folder. */
  data: string;
  /** The folders of classes that were looked at. */
  splits: SplitReport[];
  /** By severity, then in the order of the kinds, then of the files. */
  findings: Finding[];
  /** How many findings of each kind there are; kinds without one are left out. */
  counts: Partial<Record<FindingKind, number>>;
  /** What was not done. */
  skipped: SkippedPart[];
  /** What embeddings and labels were judged by; null without a model. */
  judgedBy: JudgedBy | null;
  /** Of the files with names of images, those that were decoded. */
  decoded: number;
  /** What the check took. */
  seconds: number;
  /** Absolute path of the page, where one was asked for. */
  html: string | null;
}

/** What a check tells while it runs. */
export type CheckEvent =
  | { kind: 'progress'; stage: CheckStage; done: number; total: number }
  | { kind: 'download'; event: DownloadEvent }
  | { kind: 'device'; device: string; precision: string; note: string }
  | FallbackEvent;

/** `read`: images are read and decoded; `embed`: the model runs over them; `labels`: the parts of the cross-validation; `page`: pictures. */
export type CheckStage = 'read' | 'embed' | 'labels' | 'page';

/** What a caller of {@link checkData} may pass beside the options. */
export interface CheckControl {
  /** Stops the check; the promise then rejects with code ABORTED. */
  signal?: AbortSignal | undefined;
  /** Told everything that happens. It may be asynchronous; what it throws or rejects with ends the check. */
  onEvent?: ((event: CheckEvent) => unknown) | undefined;
}
