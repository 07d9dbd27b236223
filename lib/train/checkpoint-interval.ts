import { secondsOf } from '../options/duration';

/** How often a run is saved within its epochs. */
export type CheckpointInterval =
  /** After the epochs, as often as it costs little. */
  | { kind: 'default' }
  | { kind: 'epoch' }
  /** After every epoch too. */
  | { kind: 'steps'; steps: number }
  | { kind: 'time'; seconds: number }
  | { kind: 'never' };

/** What `--checkpoint-every` says, already checked. */
export function checkpointInterval(given: string | undefined): CheckpointInterval {
  if (given === undefined) return { kind: 'default' };
  if (given === 'epoch' || given === 'never') return { kind: given };
  return /\d$/.test(given) ? { kind: 'steps', steps: Number(given) } : { kind: 'time', seconds: secondsOf(given) };
}
