import type { ClassResult, Confusion } from './types';

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

/** Adds up the scores of images; memory does not grow with their number. */
export class Tally {
  images = 0;
  correct = 0;
  /** Images whose true class is among the five highest logits. */
  top5 = 0;
  private lossSum = 0;
  private readonly rowOf: ReadonlyMap<number, number>;
  private readonly counts: number[][];
  private readonly others: number[];

  /** @param rows outputs that are true classes of some image, and so get a row and a column in the confusion matrix */
  constructor(rows: readonly number[]) {
    this.rowOf = new Map(rows.map((output, row) => [output, row]));
    this.counts = rows.map(() => rows.map(() => 0));
    this.others = rows.map(() => 0);
  }

  /** @param target the true class, one of the rows */
  add(target: number, { predicted, loss, rank }: Score): void {
    this.images++;
    this.lossSum += loss;
    if (rank === 0) this.correct++;
    if (rank < 5) this.top5++;
    const row = this.rowOf.get(target) ?? -1;
    const column = this.rowOf.get(predicted);
    const counts = column === undefined ? this.others : this.counts[row];
    const at = column ?? row;
    if (counts?.[at] === undefined) throw new Error(`the class ${target} has no row`);
    counts[at]++;
  }

  /** Mean cross entropy over the images. */
  get loss(): number {
    return this.lossSum / this.images;
  }

  get confusion(): Confusion {
    return { counts: this.counts.map((row) => [...row]), other: [...this.others] };
  }

  /** Support, precision, recall and F1 of the given row. */
  classFigures(row: number): Figures {
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    const support = sum(this.counts[row] ?? []) + (this.others[row] ?? 0);
    const predicted = sum(this.counts.map((counts) => counts[row] ?? 0));
    const correct = this.counts[row]?.[row] ?? 0;
    return ratesOf({ support, predicted, correct });
  }
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
