import type { ResolvedTrainOptions } from '../options';
import { duration } from '../text/duration';
import type { EpochRecord, StepRecord, TrainEvent } from './events';

/** Steps after the first, which takes longer, and seconds that are measured before anything is said. */
const STEPS = 3;
const SECONDS = 10;
/** What takes less is not worth a line; what takes more is worth advice. */
const WORTH_A_LINE = 60;
const LONG = 1800;
/** Validation, which has no way back, takes about this share of a step of as many images. */
const FORWARD_SHARE = 1 / 3;

/** What a run still has to do is counted by this. */
export interface RunLength {
  epochs: number;
  /** Optimizer steps overall. */
  steps: number;
  stepsPerEpoch: number;
  /** Images of validation, in steps of so many. */
  valSteps: number;
}

/**
 * Tells once how long the run will take, as soon as that can be known: after some steps, or, where the features of frozen modules are
 * computed in the first epoch and only read in those that follow, after the second.
 */
export class TimeLeft {
  private begun: { at: number; step: number } | undefined;
  private epochsSeen = 0;
  private told = false;

  constructor(
    private readonly options: ResolvedTrainOptions,
    private readonly run: RunLength,
    private readonly emit: (event: TrainEvent) => void,
    private readonly now: () => number = () => performance.now() / 1000,
  ) {}

  /** Takes note of a record. */
  see(record: StepRecord | EpochRecord): void {
    if (this.told) return;
    if (record.kind === 'epoch') {
      this.epochsSeen++;
      if (this.options.trainFrom !== 'conv1' && this.epochsSeen === 2) {
        this.tell(record.seconds * (this.run.epochs - record.epoch));
      }
    } else if (this.options.trainFrom === 'conv1') {
      this.seeStep(record);
    }
  }

  private seeStep({ step, epoch }: StepRecord): void {
    this.begun ??= { at: this.now(), step };
    const steps = step - this.begun.step;
    const seconds = this.now() - this.begun.at;
    // A step of another epoch has the validation in its time.
    if (steps < STEPS || seconds < SECONDS) return;
    const { run } = this;
    const perStep = seconds / steps;
    const validations = Math.ceil((run.steps - (epoch - 1) * run.stepsPerEpoch) / run.stepsPerEpoch);
    this.tell(perStep * (run.steps - step + validations * run.valSteps * FORWARD_SHARE));
  }

  private tell(seconds: number): void {
    this.told = true;
    if (seconds < WORTH_A_LINE) return;
    const faster = seconds > LONG ? `; faster: ${advice(this.options)}` : '';
    this.emit({ kind: 'estimate', seconds: Math.round(seconds), note: `about ${duration(seconds)} to go${faster}` });
  }
}

/** What would take less time. */
function advice({ trainFrom, arch, device }: ResolvedTrainOptions): string {
  const ways: string[] = [];
  if (trainFrom === 'conv1') ways.push('--train-from layer4, with which most of the network is computed only once');
  else if (trainFrom !== 'fc') ways.push('--train-from fc, with which all but the last layer is computed only once');
  if (arch !== 'resnet18') ways.push('a smaller network, such as --arch resnet18');
  if (device === 'cpu') ways.push('a GPU');
  if (ways.length === 0) ways.push('fewer --epochs, or --max-time');
  return ways.length === 1 ? ways.join() : `${ways.slice(0, -1).join(', ')}, or ${ways.at(-1)}`;
}
