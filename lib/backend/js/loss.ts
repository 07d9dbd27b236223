import type { LossRecipe } from '../recipe';

type Targets = Pick<LossRecipe, 'labelSmoothing' | 'classWeights'>;

/** What the mean over these targets divides by: the sum of their class weights. */
export function divisorOf(targets: Int32Array, { classWeights }: Targets): number {
  if (classWeights.length === 0) return targets.length;
  return targets.reduce((sum, target) => sum + (classWeights[target] as number), 0);
}

/** Class indices as rows of what each class's negative log probability counts for in the loss: torch's smoothing and weights. */
export function targetsOf(
  targets: Int32Array,
  classes: number,
  { labelSmoothing, classWeights }: Targets,
): Float32Array {
  const rows = new Float32Array(targets.length * classes);
  for (const [i, target] of targets.entries()) {
    for (let c = 0; c < classes; c++) {
      const share = labelSmoothing / classes + (c === target ? 1 - labelSmoothing : 0);
      rows[i * classes + c] = share * (classWeights[c] ?? 1);
    }
  }
  return rows;
}

/** The sum of the cross entropy losses of rows of logits, and how many rows are greatest at their target. */
export function scoreLogits(logits: Float32Array, targets: ArrayLike<number>): { loss: number; correct: number } {
  const classes = logits.length / targets.length;
  let loss = 0;
  let correct = 0;
  for (let i = 0; i < targets.length; i++) {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    const target = targets[i] as number;
    const most = greatest(row);
    const top = row[most] as number;
    const sum = row.reduce((total, value) => total + Math.exp(value - top), 0);
    loss += Math.log(sum) + top - (row[target] as number);
    if (most === target) correct++;
  }
  return { loss, correct };
}

/** The first of the greatest, as torch's argmax; what is no number counts as greatest. */
function greatest(row: Float32Array): number {
  let most = 0;
  for (let c = 1; c < row.length; c++) {
    const [value, best] = [row[c] as number, row[most] as number];
    if (value > best || (Number.isNaN(value) && !Number.isNaN(best))) most = c;
  }
  return most;
}
