import type { ResolvedTrainOptions } from '../options';
import { secondsOf } from '../options/duration';
import { duration } from '../text/duration';
import type { TrainEvent } from './events';
import { runSteps } from './steps';
import { measurePace, type Pace, type TrialRun } from './trial';
import { counted } from '../text/count';

/** What fits into a time. */
interface TimePlan {
  /** Optimizer steps overall. */
  steps: number;
  epochs: number;
  /** Seconds that it takes. */
  seconds: number;
}

interface TimedRun {
  /** Seconds that there are. */
  seconds: number;
  stepsPerEpoch: number;
  valImages: number;
  /** Steps that are wanted, which may end within an epoch. */
  wanted: number;
}

/** Share of the time that is planned for: other programs may slow the machine down, and files are written. */
const SHARE = 0.95;

/** How much of a run fits into a time: all of it, or as many whole epochs as do, or a part of the first one; at least one step. */
export function planForTime(
  { seconds: available, stepsPerEpoch, valImages, wanted }: TimedRun,
  { first, later }: { first: Pace; later: Pace },
): TimePlan {
  const planned = SHARE * available;
  const plan = (count: number): TimePlan => {
    const inFirst = Math.min(count, stepsPerEpoch);
    const rest = count - inFirst;
    const validations = Math.ceil(rest / stepsPerEpoch);
    // What is computed once is computed again for what the first epoch shows otherwise, as the mirrored images of a flip.
    const again = Math.max(0, first.step - later.step) * Math.min(rest, stepsPerEpoch);
    const training = inFirst * first.step + again + rest * later.step;
    const seconds = training + valImages * (first.valImage + validations * later.valImage);
    return { steps: count, epochs: 1 + validations, seconds };
  };
  const all = plan(wanted);
  if (all.seconds <= planned) return all;
  if (plan(Math.min(wanted, stepsPerEpoch)).seconds > planned) {
    const possible = Math.floor((planned - valImages * first.valImage) / first.step);
    return plan(Math.min(Math.max(1, possible), stepsPerEpoch, wanted));
  }
  const [two, three] = [plan(2 * stepsPerEpoch).seconds, plan(3 * stepsPerEpoch).seconds];
  const more = two > planned ? 0 : 1 + Math.floor((planned - two) / (three - two));
  return plan(Math.min((1 + more) * stepsPerEpoch, wanted));
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
  const { maxTime } = options;
  if (maxTime === undefined) return options;
  const { first, later } = await measurePace(run);
  // Where nothing is frozen nothing is computed once: what the first steps took longer by is paid already, and not by each of the first epoch.
  const pace = { first: options.trainFrom === 'conv1' ? later : first, later };
  const { stepsPerEpoch, total: wanted } = runSteps(run.train.targets.length, options);
  const valImages = run.val.targets.length;
  const head = headSeconds(options.headEpochs, run.train.targets.length + valImages, pace.first);
  const seconds = secondsOf(maxTime) - elapsed() - head;
  const plan = planForTime({ seconds, stepsPerEpoch, valImages, wanted }, pace);
  const what = describePlan(plan, stepsPerEpoch);
  const after = head > 0 ? `, after about ${duration(head)} of the head alone` : '';
  emit({ kind: 'note', note: `planned for ${maxTime}: ${what}, in about ${duration(plan.seconds)}${after}` });
  if (plan.steps === wanted) return options;
  return { ...options, epochs: plan.epochs, steps: plan.steps < stepsPerEpoch ? plan.steps : options.steps };
}

/** What `--head-epochs` take: the features of so many images, once. The epochs of `fc` on them are next to nothing beside that. */
const headSeconds = (epochs: number, images: number, { valImage }: Pace): number =>
  epochs > 0 ? images * valImage : 0;

function describePlan({ steps, epochs }: TimePlan, stepsPerEpoch: number): string {
  if (steps < stepsPerEpoch) return `${steps} of the ${stepsPerEpoch} steps of an epoch`;
  return steps % stepsPerEpoch === 0 ? counted(epochs, 'epoch') : `${steps} steps in ${counted(epochs, 'epoch')}`;
}
