import type { EpochRecord, StepRecord, TrainEvent } from './events';

/** What a run has to do in all, as its `start` tells. */
export type RunLength = Pick<
  Extract<TrainEvent, { kind: 'start' }>,
  'epochs' | 'steps' | 'stepsPerEpoch' | 'images' | 'valImages'
>;

/** What is left to do, in seconds. */
export interface SecondsLeft {
  /** Until the last step of the epoch. */
  epoch: number;
  /** Until the end of the run, its validations too. */
  run: number;
}

/** Seconds of steps that the speed is measured over: long enough to be steady, short enough to follow what changes. */
const WINDOW = 30;
/** What an image of validation costs beside one of training, which goes through the network there and, at twice the cost, back. */
const VALIDATION_SHARE = 1 / 3;

/** How fast a training goes, and how long it takes to its end, by its events. */
export class TrainingPace {
  private length: RunLength = { epochs: 0, steps: 0, stepsPerEpoch: 1, images: 0, valImages: 0 };
  /**
   * Steps of one epoch and when they ended: between two epochs there is validation, and the first batch, which was begun before it was known, tells
   * nothing of the speed.
   */
  private ends: { at: number; step: number; images: number }[] = [];
  private images = 0;
  private step = 0;
  private lastStepAt: number | undefined;
  /** Of the last epoch in which it was known. */
  private speed: number | undefined;
  private validation: number | undefined;

  /** @param now seconds of a clock that never goes back */
  constructor(private readonly now: () => number = () => performance.now() / 1000) {}

  start(length: RunLength): void {
    this.length = length;
  }

  /** Takes note of a step, or of an epoch with its validation. */
  see(record: StepRecord | EpochRecord): void {
    const at = this.now();
    if (record.kind === 'epoch') {
      if (this.lastStepAt !== undefined) this.validation = at - this.lastStepAt;
      this.ends = [];
      return;
    }
    this.images += record.images;
    this.step = record.step;
    this.lastStepAt = at;
    this.ends.push({ at, step: record.step, images: this.images });
    while (this.ends.length > 2 && at - (this.ends[0]?.at ?? at) > WINDOW) this.ends.shift();
    const [first] = this.ends;
    if (first !== undefined && at > first.at) this.speed = (this.images - first.images) / (at - first.at);
  }

  /** Of training; undefined until two steps of an epoch are done. */
  get imagesPerSecond(): number | undefined {
    return this.speed;
  }

  /** As of now: it goes down between steps too. Undefined where nothing is known yet. */
  get secondsLeft(): SecondsLeft | undefined {
    const { speed, step, lastStepAt } = this;
    if (speed === undefined || lastStepAt === undefined) return undefined;
    const { steps, stepsPerEpoch, images, valImages } = this.length;
    const since = this.now() - lastStepAt;
    const secondsOf = (count: number): number => (count * images) / stepsPerEpoch / speed;
    const validations = Math.ceil(steps / stepsPerEpoch) - Math.ceil(step / stepsPerEpoch) + 1;
    const validation = this.validation ?? (valImages * VALIDATION_SHARE) / speed;
    const endOfEpoch = Math.min(Math.ceil(step / stepsPerEpoch) * stepsPerEpoch, steps);
    return {
      epoch: Math.max(0, secondsOf(endOfEpoch - step) - since),
      run: Math.max(0, secondsOf(steps - step) + validations * validation - since),
    };
  }
}
