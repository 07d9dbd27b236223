import type { ResolvedTrainOptions } from '../options';
import { secondsOf } from '../options/duration';
import { duration } from '../text/duration';
import type { TrainEvent } from './events';
import { stepsPerEpoch } from './steps';
import { measurePace, type Pace, type TrialRun } from './trial';
import { counted } from '../text/count';

/** What fits into a time. */
export interface TimePlan {
  epochs: number;
  /** Optimizer steps overall, where not even one epoch fits; else undefined. */
  steps: number | undefined;
  /** Seconds that it takes. */
  seconds: number;
}

interface TimedRun {
  /** Seconds that there are. */
  seconds: number;
  stepsPerEpoch: number;
  valImages: number;
  /** The most epochs that are wanted. */
  epochs: number;
}

/** Share of the time that is planned for: other programs may slow the machine down, and files are written. */
const SHARE = 0.95;

/** How many epochs, or steps of the first one, fit into a time; at least one step. */
function planForTime(
  { seconds: available, stepsPerEpoch, valImages, epochs }: TimedRun,
  { first, later }: { first: Pace; later: Pace },
): TimePlan {
  const planned = SHARE * available;
  const epochOf = ({ step, valImage }: Pace): number => stepsPerEpoch * step + valImages * valImage;
  const left = planned - epochOf(first);
  if (left < 0) {
    const possible = Math.floor((planned - valImages * first.valImage) / first.step);
    const steps = Math.min(Math.max(1, possible), stepsPerEpoch);
    return { epochs: 1, steps, seconds: steps * first.step + valImages * first.valImage };
  }
  // What is computed once is computed again for what the first epoch shows otherwise, as the mirrored images of a flip.
  const again = Math.max(0, first.step - later.step) * stepsPerEpoch;
  const more = Math.min(epochs - 1, Math.max(0, Math.floor((left - again) / epochOf(later))));
  const seconds = epochOf(first) + (more > 0 ? again + more * epochOf(later) : 0);
  return { epochs: 1 + more, steps: undefined, seconds };
}

/**
 * The options of a run with as many epochs as fit into `--max-time`, of which `elapsed` seconds have passed; unchanged without it.
 * Measures the session, and leaves it as it was.
 */
export async function withinTime(
  options: ResolvedTrainOptions,
  run: TrialRun,
  elapsed: () => number,
  emit: (event: TrainEvent) => void,
): Promise<ResolvedTrainOptions> {
  const { maxTime, epochs, steps } = options;
  if (maxTime === undefined) return options;
  const pace = await measurePace(run);
  const perEpoch = stepsPerEpoch(run.train.targets.length, run);
  const seconds = secondsOf(maxTime) - elapsed();
  const plan = planForTime({ seconds, stepsPerEpoch: perEpoch, valImages: run.val.targets.length, epochs }, pace);
  const what =
    plan.steps === undefined ? counted(plan.epochs, 'epoch') : `${plan.steps} of the ${perEpoch} steps of an epoch`;
  emit({ kind: 'note', note: `planned for ${maxTime}: ${what}, which take about ${duration(plan.seconds)}` });
  const most = Math.min(steps ?? Infinity, plan.steps ?? Infinity);
  return { ...options, epochs: plan.epochs, steps: most === Infinity ? undefined : most };
}
