import type { Run } from './read-run';

/** Whether a run ended because its loss was no number any more, of which its last record is. To go on from its checkpoint comes to the same. */
export function hasDiverged({ result, steps, epochs }: Pick<Run, 'result' | 'steps' | 'epochs'>): boolean {
  if (result !== undefined) return false;
  return [steps.at(-1)?.loss, epochs.at(-1)?.valLoss].some((loss) => loss !== undefined && !Number.isFinite(loss));
}
