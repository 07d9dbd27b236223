import type { EpochRecord, StepRecord, TrainEvent } from '../train/events';
import { TrainingPace } from '../train/pace';
import { STEPS_A_COLUMN, type StepState } from './step-line';

type Start = Extract<TrainEvent, { kind: 'start' }>;

/** As many losses as the widest course of them shows. */
const KEPT_LOSSES = 24 * STEPS_A_COLUMN;

/** Follows a training by its events, and knows at any time where it stands. */
export class StepProgress {
  private readonly pace: TrainingPace;
  private plan: Pick<Start, 'epochs' | 'stepsPerEpoch' | 'images'> = { epochs: 0, stepsPerEpoch: 1, images: 0 };
  private readonly losses: number[] = [];
  private epoch = 0;
  /** Images of the epoch. */
  private done = 0;

  /**
   * @param label before the line, to tell the training from others
   * @param now seconds of a clock that never goes back
   */
  constructor(
    private readonly label: string,
    now?: () => number,
  ) {
    this.pace = new TrainingPace(now);
  }

  start(event: Start): void {
    this.plan = event;
    this.pace.start(event);
  }

  step(record: StepRecord): void {
    this.pace.see(record);
    const { epoch, step, images, loss } = record;
    this.losses.push(loss);
    if (this.losses.length > KEPT_LOSSES) this.losses.shift();
    const ofEpoch = step - (epoch - 1) * this.plan.stepsPerEpoch;
    if (epoch !== this.epoch || ofEpoch <= 1) {
      // A run that goes on may begin within an epoch.
      this.epoch = epoch;
      this.done = Math.round((this.plan.images * ofEpoch) / this.plan.stepsPerEpoch);
    } else {
      this.done = Math.min(this.done + images, this.plan.images);
    }
  }

  endOfEpoch(record: EpochRecord): void {
    this.pace.see(record);
  }

  /** Times are those of now: they go down between steps too. */
  state(): StepState {
    const { epoch, done, label, losses } = this;
    const { epochs, images: total } = this.plan;
    const { imagesPerSecond: speed, secondsLeft } = this.pace;
    return {
      label,
      epoch,
      epochs,
      done,
      total,
      losses,
      speed,
      epochLeft: secondsLeft?.epoch,
      runLeft: secondsLeft?.run,
    };
  }
}
