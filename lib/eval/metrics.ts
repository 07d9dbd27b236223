import type { ClassResult, Confusion, ConfusionPair } from './types';

/** More classes than this have no matrix in a result: it would fill the memory, and its JSON be longer than a string can be. */
export const MATRIX_CLASSES = 2000;

/** What the network said of one image. */
export interface Score {
  /** Output with the highest logit; the first one of several. */
  predicted: number;
  /** Softmax of that output. */
  probability: number;
  /** Cross entropy: minus the logarithm of the true class's softmax, in double precision. */
  loss: number;
  /** Outputs ranked before the true class: 0 if that is the predicted one. */
  rank: number;
}

/**
 * Scores an image's logits.
 *
 * @returns undefined where the logits are not all finite: then there is no highest one.
 */
export function score(logits: ArrayLike<number>, target: number): Score | undefined {
  const own = logits[target] ?? NaN;
  let predicted = 0;
  let highest = -Infinity;
  let rank = 0;
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i] ?? NaN;
    if (!Number.isFinite(logit)) return undefined;
    if (logit > highest) [highest, predicted] = [logit, i];
    if (logit > own || (logit === own && i < target)) rank++;
  }
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp((logits[i] ?? NaN) - highest);
  return { predicted, probability: 1 / sum, loss: highest + Math.log(sum) - own, rank };
}

/** Images of one class that were taken for one class, by the rows of both. */
export type Pair = ConfusionPair;

/** Adds up the scores of images; memory does not grow with their number, nor with the square of that of the classes. */
export class Tally {
  images = 0;
  correct = 0;
  /** Images whose true class is among the five highest logits. */
  top5 = 0;
  private lossSum = 0;
  private readonly rowOf: ReadonlyMap<number, number>;
  /** Images by row times the number of rows and column: of thousands of classes most pairs have none. */
  private readonly cells = new Map<number, number>();
  private readonly supports: number[];
  private readonly predictions: number[];
  private readonly others: number[];

  /** @param rows outputs that are true classes of some image, and so get a row and a column in the confusion matrix */
  constructor(rows: readonly number[]) {
    this.rowOf = new Map(rows.map((output, row) => [output, row]));
    this.supports = rows.map(() => 0);
    this.predictions = rows.map(() => 0);
    this.others = rows.map(() => 0);
  }

  /** @param target the true class, one of the rows */
  add(target: number, { predicted, loss, rank }: Score): void {
    const row = this.rowOf.get(target);
    if (row === undefined) throw new Error(`the class ${target} has no row`);
    this.images++;
    this.lossSum += loss;
    if (rank === 0) this.correct++;
    if (rank < 5) this.top5++;
    countUp(this.supports, row);
    const column = this.rowOf.get(predicted);
    if (column === undefined) {
      countUp(this.others, row);
      return;
    }
    countUp(this.predictions, column);
    const cell = row * this.rowOf.size + column;
    this.cells.set(cell, (this.cells.get(cell) ?? 0) + 1);
  }

  /** Mean cross entropy over the images. */
  get loss(): number {
    return this.lossSum / this.images;
  }

  /** All of the matrix, also where it is 0. */
  get confusion(): { counts: number[][]; other: number[] } {
    const counts = this.others.map(() => this.others.map(() => 0));
    for (const { truth, predicted, images } of this.pairs()) {
      const row = counts[truth];
      if (row !== undefined) row[predicted] = images;
    }
    return { counts, other: [...this.others] };
  }

  /** The matrix, where it has no more than so many rows; else what of it is not 0. */
  confusionWithin(most: number): Confusion {
    if (this.rowOf.size <= most) return { ...this.confusion, pairs: null };
    const pairs = [...this.pairs()].sort((a, b) => a.truth - b.truth || a.predicted - b.predicted);
    return { counts: null, pairs, other: [...this.others] };
  }

  /** What of the matrix is not 0, in no order. */
  *pairs(): Generator<Pair> {
    const rows = this.rowOf.size;
    for (const [cell, images] of this.cells) {
      yield { truth: Math.floor(cell / rows), predicted: cell % rows, images };
    }
  }

  /** Support, precision, recall and F1 of the given row. */
  classFigures(row: number): Figures {
    const support = this.supports[row] ?? 0;
    const predicted = this.predictions[row] ?? 0;
    const correct = this.cells.get(row * this.rowOf.size + row) ?? 0;
    return ratesOf({ support, predicted, correct });
  }
}

function countUp(counts: number[], at: number): void {
  counts[at] = (counts[at] ?? 0) + 1;
}

/** What is counted of a class, and the figures that follow. */
type Figures = Pick<ClassResult, 'support' | 'predicted' | 'correct' | 'precision' | 'recall' | 'f1'>;

/** Precision, recall and F1 of a class; null where they would divide by nothing. */
export function ratesOf({ support, predicted, correct }: Pick<Figures, 'support' | 'predicted' | 'correct'>): Figures {
  const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
  return {
    ...{ support, predicted, correct },
    precision: share(correct, predicted),
    recall: share(correct, support),
    f1: share(2 * correct, support + predicted),
  };
}
