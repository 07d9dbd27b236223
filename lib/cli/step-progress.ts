import type { EpochRecord, StepRecord, TrainEvent } from '../train/events';
import { STEPS_A_COLUMN, type StepState } from './step-line';

type Start = Extract<TrainEvent, { kind: 'start' }>;

/** As many losses as the widest course of them shows. */
const KEPT_LOSSES = 24 * STEPS_A_COLUMN;
/** What an image of validation costs beside one of training, which goes through the network there and, at twice the cost, back. */
const VALIDATION_SHARE = 1 / 3;

/** Follows a training by its events, and knows at any time where it stands. */
export class StepProgress {
  private plan: Omit<Start, 'kind' | 'output'> = { epochs: 0, stepsPerEpoch: 1, images: 0, valImages: 0 };
  private readonly losses: number[] = [];
  private epoch = 0;
  private done = 0;
  /** Where the clock of the epoch was started: its first batch was begun before, and tells nothing of the speed. */
  private from = { images: 0, time: 0 };
  /** When the last step was told. */
  private last = 0;
  private lastEpochSeconds: number | undefined;

  /**
   * @param label before the line, to tell the training from others
   * @param now milliseconds of a clock that never goes back
   */
  constructor(
    private readonly label: string,
    private readonly now: () => number = () => performance.now(),
  ) {}

  start({ epochs, stepsPerEpoch, images, valImages }: Start): void {
    this.plan = { epochs, stepsPerEpoch, images, valImages };
  }

  step({ epoch, step, images, loss }: StepRecord): void {
    this.last = this.now();
    this.losses.push(loss);
    if (this.losses.length > KEPT_LOSSES) this.losses.shift();
    const ofEpoch = step - (epoch - 1) * this.plan.stepsPerEpoch;
    if (epoch !== this.epoch || ofEpoch <= 1) {
      // A run that goes on may begin within an epoch.
      this.epoch = epoch;
      this.done = Math.round((this.plan.images * ofEpoch) / this.plan.stepsPerEpoch);
      this.from = { images: this.done, time: this.last };
    } else {
      this.done = Math.min(this.done + images, this.plan.images);
    }
  }

  endOfEpoch({ seconds }: EpochRecord): void {
    this.lastEpochSeconds = seconds;
  }

  /** Times are those of now: they go down between steps too. */
  state(): StepState {
    const { epochs, images: total, valImages } = this.plan;
    const { epoch, done, label, losses } = this;
    const seconds = (this.last - this.from.time) / 1000;
    const speed = seconds > 0 && done > this.from.images ? (done - this.from.images) / seconds : undefined;
    const state = { label, epoch, epochs, done, total, losses, speed };
    if (speed === undefined) return { ...state, epochLeft: undefined, runLeft: undefined };
    const since = (this.now() - this.last) / 1000;
    const epochLeft = Math.max(0, (total - done) / speed - since);
    const validation = (valImages * VALIDATION_SHARE) / speed;
    const whole = this.lastEpochSeconds ?? total / speed + validation;
    return { ...state, epochLeft, runLeft: epochLeft + validation + (epochs - epoch) * whole };
  }
}
