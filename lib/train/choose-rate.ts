import type { TrainingSession } from '../backend/types';
import type { ResolvedTrainOptions } from '../options';
import { ResnetFtError } from '../errors';
import { fit, type Split } from './fit';
import type { OpenTraining } from './open-training';
import { plainSession, withoutAugmentation } from './plain-session';
import type { RunControl } from './run';
import { createSchedule } from './schedule';
import { runSteps } from './steps';
import { lossText } from '../text/loss';
import { classCounts } from '../data/class-counts';

/** Tried one after the other, and a little apart: the loss near its least changes slowly with the rate. */
const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1] as const;
/** Share of each class that is held out. */
const HELD_OUT = 0.2;
/** Steps of each trial, at most. */
const STEPS = 200;

/**
 * The options with the learning rate that gives the least loss on training images held out, where `--choose-lr` asks for it. Validation
 * images take no part: their figures stay honest. The session is afterwards as it was; the features that were computed stay. Views of
 * `--cache-views` are not tried: they are counted by the images of a pass, of which there are others then, and their features would be those
 * of other views.
 *
 * @throws ResnetFtError DATA_INVALID where no class has two images; ABORTED
 */
export async function withChosenRate(
  open: OpenTraining,
  options: ResolvedTrainOptions,
  run: RunControl,
): Promise<ResolvedTrainOptions> {
  if (!options.chooseLr) return options;
  if (options.cacheViews === undefined) return { ...options, lr: await chosenRate(open, options, run) };
  const tried = withoutAugmentation(options);
  const session = await plainSession(open, tried);
  try {
    return { ...options, lr: await chosenRate({ ...open, session }, tried, run) };
  } finally {
    await session.close();
  }
}

async function chosenRate(
  { session, cropped }: Pick<OpenTraining, 'session' | 'cropped'>,
  options: ResolvedTrainOptions,
  run: RunControl,
): Promise<number> {
  const { train, held } = splitOff(cropped.train as Split, options.data);
  const before = await session.state();
  const losses: number[] = [];
  const total = train.targets.length + held.targets.length;
  let done = 0;
  const onImages = (images: number): void => {
    if (done < total) run.emit({ kind: 'features', done: Math.min(total, (done += images)), total });
  };
  for (const lr of RATES) {
    try {
      losses.push(await lossAt(session, { train, held }, { ...options, lr }, run.signal, onImages));
    } finally {
      await session.restore(before);
    }
  }
  const least = Math.min(...losses.filter((loss) => !Number.isNaN(loss)));
  const lr = RATES[losses.indexOf(least)];
  if (lr === undefined) {
    throw new ResnetFtError('TRAINING_DIVERGED', 'No learning rate of those that were tried gives a finite loss', {
      hint: `Give one below ${RATES[0]} with --lr`,
    });
  }
  const note = `learning rate ${lr}: of ${RATES.length} from ${RATES[0]} to ${RATES.at(-1)}, it has the least loss (${lossText(least)}) on ${held.targets.length} training images held out`;
  run.emit({ kind: 'note', note });
  return lr;
}

/** The loss on what is held out after some epochs at a rate; NaN where the training diverges. */
async function lossAt(
  session: TrainingSession,
  { train, held }: { train: Split; held: Split },
  options: ResolvedTrainOptions,
  signal: AbortSignal,
  onImages: (images: number) => void,
): Promise<number> {
  const { batchSize, accumulate } = options;
  const images = train.targets.length;
  const { stepsPerEpoch } = runSteps(images, { ...options, steps: undefined });
  const epochs = Math.max(1, Math.min(options.epochs, Math.floor(STEPS / stepsPerEpoch)));
  const trial = { ...options, epochs, steps: undefined };
  try {
    const { last } = await fit({
      ...{ session, train, val: held, epochs, batchSize, accumulate, signal },
      schedule: createSchedule(trial, runSteps(images, trial)),
      onRecord: (record) => {
        if (record.kind === 'step') onImages(record.images);
      },
    });
    return last.record.valLoss;
  } catch (error) {
    if (error instanceof ResnetFtError && error.code === 'TRAINING_DIVERGED') return NaN;
    throw error;
  }
}

/**
 * Sets apart a share of each class, every fifth image: the images of a class lie in the order of their names, so that neighbours, which
 * are often of one scene, are not all on one side. A class with one image keeps it.
 */
function splitOff({ store, targets, indices }: Split, data: string): { train: Split; held: Split } {
  const every = Math.round(1 / HELD_OUT);
  const counts = classCounts(targets);
  const seen = new Map<number, number>();
  const rest: number[] = [];
  const held: number[] = [];
  for (const [i, target] of targets.entries()) {
    const nth = seen.get(target) ?? 0;
    seen.set(target, nth + 1);
    // Of fewer than five images of a class the second is held out, where there is one.
    const first = Math.min(every - 1, (counts.get(target) as number) - 1);
    (first > 0 && nth % every === first ? held : rest).push(i);
  }
  if (held.length === 0) {
    throw new ResnetFtError('DATA_INVALID', `${data}: no class has two training images, so that none can be held out`, {
      hint: 'Give a learning rate with --lr',
    });
  }
  const part = (chosen: number[]): Split => ({
    store,
    targets: Int32Array.from(chosen, (i) => targets[i] as number),
    indices: Int32Array.from(chosen, (i) => indices?.[i] ?? i),
  });
  return { train: part(rest), held: part(held) };
}
