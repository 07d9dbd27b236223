import type { EpochResult } from '../backend/types';
import type { EpochRecord } from './events';

/** The step whose weights the session keeps, since the start of the run. */
export interface KeptStep {
  epoch: number;
  step: number;
  batchLoss: number;
  /** Steps that the run was to have then: in its last fifth it was chosen. */
  ofSteps?: number | undefined;
}

/** An epoch, and the logits of the validation images after it, images x classes. */
export interface Validated {
  record: EpochRecord;
  logits: Float32Array;
  /** Optimizer steps before it: fewer than the epoch has where the run was to end within. Undefined of an older checkpoint. */
  steps?: number | undefined;
}

/** Where a run stands between two passes; with the session's state it is all that decides how the run goes on. */
export interface Progress {
  /** The epoch that is next, or goes on. */
  epoch: number;
  /** Steps of it that are done. */
  stepsOfEpoch: number;
  /** Optimizer steps since the start of the run. */
  steps: number;
  /** Seconds that the epoch took so far. */
  seconds: number;
  /** The figures of the epoch's steps, once all are done and until it has been validated. */
  trained: Pick<EpochResult, 'images' | 'loss' | 'correct'> | undefined;
  /** The epoch that did best so far, and the last one that is complete. */
  best: Validated | undefined;
  last: Validated | undefined;
  kept: KeptStep | undefined;
  /** What the learning rates of the schedule are multiplied by: less than 1 after a loss that was not finite. */
  rateFactor: number;
  /** For `--patience`: epochs since validation last got better, and how it did then. */
  waiting: { epochs: number; accuracy: number; loss: number } | undefined;
}

/** Before the first step. */
export const START: Readonly<Progress> = {
  epoch: 1,
  stepsOfEpoch: 0,
  steps: 0,
  seconds: 0,
  trained: undefined,
  best: undefined,
  last: undefined,
  kept: undefined,
  rateFactor: 1,
  waiting: undefined,
};
