import type { EvalEvent } from '../eval/types';
import type { Interval } from '../eval/wilson';
import type { CompareRow } from '../options';
import type { TrainEvent } from '../train/events';

/** One row of the table. */
export interface RowResult {
  /** Which row of the table it is. */
  row: CompareRow;
  /** Validation images whose class was predicted. */
  correct: number;
  /** Validation images. */
  images: number;
  /** correct / images */
  accuracy: number;
  /** 95 % confidence interval of the accuracy, by Wilson's score. */
  interval: Interval;
  /** Mean cross entropy over the validation images; of the first row over all 1000 outputs. */
  loss: number;
  /** Folder of the row's results. */
  folder: string;
  /** Whether it was there from an earlier call. */
  reused: boolean;
}

/** What `compare` comes to. */
export interface CompareResult {
  /** Absolute path of the folder that holds the rows, `compare.json` and `compare.md`. */
  output: string;
  /** In the order of the tutorial's table. */
  rows: RowResult[];
}

/** What `compare` tells while it runs. */
export type CompareEvent =
  | { kind: 'row'; row: CompareRow; state: 'begins' | 'reused'; folder: string }
  | { kind: 'train'; row: CompareRow; event: TrainEvent }
  | { kind: 'eval'; row: CompareRow; event: EvalEvent }
  | ({ kind: 'done' } & CompareResult);
