import type { ResolvedTrainOptions } from '../options';
import { duration } from '../text/duration';
import type { EpochRecord, StepRecord, TrainEvent } from './events';
import { TrainingPace, type RunLength } from './pace';

/** Steps after the first, which takes longer, and seconds that are measured before anything is said. */
const STEPS = 3;
const SECONDS = 10;
/** What takes less is not worth a line; what takes more is worth advice. */
const WORTH_A_LINE = 60;
const LONG = 1800;

/**
 * Tells once how long the run will take, as soon as that can be known: after some steps, or, where the features of frozen modules are
 * computed in the first epoch and only read in those that follow, after the second.
 */
export class TimeLeft {
  private readonly pace: TrainingPace;
  private begun: { at: number; step: number } | undefined;
  private epochsSeen = 0;
  private told = false;

  constructor(
    private readonly options: ResolvedTrainOptions,
    private readonly run: RunLength,
    private readonly emit: (event: TrainEvent) => void,
    private readonly now: () => number = () => performance.now() / 1000,
  ) {
    this.pace = new TrainingPace(now);
    this.pace.start(run);
  }

  /** Takes note of a record. */
  see(record: StepRecord | EpochRecord): void {
    if (this.told) return;
    this.pace.see(record);
    if (record.kind === 'epoch') {
      this.epochsSeen++;
      if (this.options.trainFrom !== 'conv1' && this.epochsSeen === 2) {
        const { steps, stepsPerEpoch } = this.run;
        // Not of the epochs: a limit of steps may end it sooner.
        this.tell(record.seconds * (steps / stepsPerEpoch - record.epoch));
      }
    } else if (this.options.trainFrom === 'conv1') {
      this.seeStep(record);
    }
  }

  private seeStep({ step }: StepRecord): void {
    this.begun ??= { at: this.now(), step };
    const left = this.pace.secondsLeft;
    if (left === undefined || step - this.begun.step < STEPS || this.now() - this.begun.at < SECONDS) return;
    this.tell(left.run);
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
