import { rejectOption, type ResolvedTrainOptions } from '../options';
import { groupRates } from './parameter-groups';
import type { Schedule } from './recipe';

type ScheduleOptions = Pick<
  ResolvedTrainOptions,
  | 'schedule'
  | 'warmup'
  | 'stepSize'
  | 'gamma'
  | 'finalLrFactor'
  | 'cycleMomentum'
  | 'lr'
  | 'lrHead'
  | 'lrLayerDecay'
  | 'trainFrom'
>;

/** How many optimizer steps a run has. */
export interface RunSteps {
  stepsPerEpoch: number;
  /** Of the whole run. */
  total: number;
}

/** Where the warm-up begins, as a share of the rate that it ends with: that of torchvision's training script. */
const WARMUP_FROM = 0.01;
/** Defaults of torch's OneCycleLR: share of the steps in which the rate rises, and what it begins and ends with. */
const RISE = 0.3;
const RISE_FROM = 1 / 25;
const FALL_TO = RISE_FROM / 1e4;
const MOMENTUM = { least: 0.85, greatest: 0.95 };

/** A function of the number of steps before, from 0. */
type OfStep = (step: number) => number;

/**
 * The learning rates of a run, of every parameter group. A schedule keeps nothing: what a step has depends on its number and that of
 * all steps alone, so that a run that goes on needs no state of it.
 *
 * Each is torch.optim.lr_scheduler's of the same name, advanced after each step (StepLR: each epoch): warm-up is LinearLR, put before the
 * other by SequentialLR; OneCycleLR has a rise of its own.
 */
export function createSchedule(options: ScheduleOptions, run: RunSteps): Schedule {
  const rates = groupRates(options);
  const share = shareOf(options, run);
  return (done, steps) =>
    Float64Array.from({ length: steps * rates.length }, (_, i) => {
      const step = done + Math.floor(i / rates.length);
      return (rates[i % rates.length] as number) * share(step);
    });
}

/** The momenta of a run's steps, where they change; undefined where every step has the optimizer's own. */
export function createMomenta(options: ScheduleOptions, run: RunSteps): Schedule | undefined {
  if (!options.cycleMomentum) return undefined;
  const { least, greatest } = MOMENTUM;
  const momentum = oneCycle(options, run, [greatest, least, greatest]);
  return (done, steps) => Float64Array.from({ length: steps }, (_, i) => momentum(done + i));
}

/**
 * Refuses a warm-up that is no shorter than the run.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function checkWarmup(options: ScheduleOptions, { total }: RunSteps): void {
  const { warmup } = options;
  if (warmup === undefined || warmup < 1 || warmup < total) return;
  rejectOption(`fewer steps than the ${total} of the run`, '--warmup', warmup);
}

/** The share of a group's rate that a step has. */
function shareOf(options: ScheduleOptions, run: RunSteps): OfStep {
  const { schedule, finalLrFactor } = options;
  if (schedule === 'onecycle') return oneCycle(options, run, [RISE_FROM, 1, finalLrFactor ?? FALL_TO]);
  const warmup = Math.min(Math.round(warmupSteps(options, run, 0)), run.total);
  const after = afterWarmup(options, run, run.total - warmup);
  return (step) => (step < warmup ? WARMUP_FROM + (1 - WARMUP_FROM) * (step / warmup) : after(step - warmup));
}

/** Steps of the warm-up; not always a whole number. */
function warmupSteps({ warmup }: ScheduleOptions, { total }: RunSteps, otherwise: number): number {
  const given = warmup ?? otherwise;
  return given < 1 ? given * total : given;
}

function afterWarmup(options: ScheduleOptions, { stepsPerEpoch }: RunSteps, steps: number): OfStep {
  const { schedule, stepSize = 1, gamma, finalLrFactor: end = 0 } = options;
  if (schedule === 'step') return (step) => gamma ** Math.floor(step / (stepSize * stepsPerEpoch));
  if (schedule === 'cosine') return (step) => end + ((1 - end) * (1 + Math.cos((Math.PI * step) / steps))) / 2;
  if (schedule === 'linear') return (step) => 1 + ((end - 1) * step) / steps;
  return () => 1;
}

/** From the first value by a cosine to the second, which has its turn where the rise ends, and on to the third. */
function oneCycle(
  options: ScheduleOptions,
  run: RunSteps,
  [from, over, to]: readonly [number, number, number],
): OfStep {
  // Of the steps, numbered from 0: torch's ends of the two phases.
  const top = warmupSteps(options, run, RISE) - 1;
  const last = run.total - 1;
  return (step) => (step <= top ? cosine(from, over, step / top) : cosine(over, to, (step - top) / (last - top)));
}

/** @param share of the way, 0 to 1; a way without length is over */
function cosine(from: number, to: number, share: number): number {
  const way = Number.isNaN(share) ? 1 : share;
  return to + ((from - to) / 2) * (Math.cos(Math.PI * way) + 1);
}
