import type { EpochRecord, StepRecord } from '../report/records';

/** What a run has to do in all. */
export interface Length {
  epochs: number;
  /** Optimizer steps of the run; it may end before. */
  steps: number;
  stepsPerEpoch: number;
}

/** Seconds of steps that the speed is measured over: long enough to be steady, short enough to follow what changes. */
const WINDOW = 30;

/** How fast a run goes, and how long it takes to its end. */
export class Pace {
  /** When steps ended, and the images until then; of one epoch, for between two epochs there is validation. */
  private ends: { at: number; images: number; step: number }[] = [];
  private images = 0;
  private lastStepAt: number | undefined;
  private validation: number | undefined;

  /** @param now seconds of a clock */
  constructor(private readonly now: () => number = () => performance.now() / 1000) {}

  /** Takes note of a record. */
  see(record: StepRecord | EpochRecord): void {
    const at = this.now();
    if (record.kind === 'epoch') {
      if (this.lastStepAt !== undefined) this.validation = at - this.lastStepAt;
      this.ends = [];
      return;
    }
    this.images += record.images;
    this.lastStepAt = at;
    this.ends.push({ at, images: this.images, step: record.step });
    while (this.ends.length > 2 && at - (this.ends[0]?.at ?? at) > WINDOW) this.ends.shift();
  }

  /** Of training; undefined until two steps of the epoch are done. */
  get imagesPerSecond(): number | undefined {
    const span = this.span();
    return span === undefined ? undefined : span.images / span.seconds;
  }

  /** Seconds to the end of the run, its validations too; undefined where nothing is known yet. */
  secondsLeft(step: number, { steps, stepsPerEpoch }: Length): number | undefined {
    const span = this.span();
    if (span === undefined) return undefined;
    const validations = Math.ceil(steps / stepsPerEpoch) - Math.floor(step / stepsPerEpoch);
    return (span.seconds / span.steps) * (steps - step) + validations * (this.validation ?? 0);
  }

  private span(): { seconds: number; images: number; steps: number } | undefined {
    const [first, last] = [this.ends[0], this.ends.at(-1)];
    if (first === undefined || last === undefined || last.at <= first.at) return undefined;
    return { seconds: last.at - first.at, images: last.images - first.images, steps: last.step - first.step };
  }
}
