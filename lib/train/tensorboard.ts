import { oneLine } from '../errors';
import { reasonOf } from '../files/reason';
import type { ResolvedTrainOptions } from '../options';
import type { Scalar } from '../tensorboard/event';
import { EventsFile } from '../tensorboard/events-file';
import type { EpochRecord, StepRecord, TrainEvent } from './events';
import { parameterGroups } from './parameter-groups';
import type { RunFolder } from './run-folder';
import type { Schedule } from './recipe';
import { createSchedule, type RunSteps } from './schedule';

/** In the folder of a run. */
const FOLDER = 'tensorboard';

/** What a run writes for TensorBoard with `--tensorboard`. Nothing of it ever fails the run: a note says what went wrong. */
export class TensorBoardLog {
  private file: EventsFile | undefined;
  private failed = false;
  private readonly groups: string[];
  private readonly schedule: Schedule;

  /** @param step after which the run goes on: 0 of a new one */
  constructor(
    private readonly folder: RunFolder,
    private readonly options: ResolvedTrainOptions,
    run: RunSteps,
    private readonly emit: (event: TrainEvent) => void,
    private step: number,
  ) {
    this.groups = parameterGroups(options).map(({ from }) => from);
    this.schedule = createSchedule(options, run);
  }

  /** Writes what a record tells. */
  see(record: StepRecord | EpochRecord): void {
    if (!this.options.tensorboard || this.failed) return;
    try {
      const file = this.open(record);
      if (record.kind === 'step') {
        // A run goes back, too, where its loss is no number any more.
        if (record.step <= this.step) file.write(record.step, { kind: 'restart' });
        this.step = record.step;
        file.write(record.step, { kind: 'scalars', scalars: stepScalars(record, this.rates(record)) });
      } else {
        file.write(this.step, { kind: 'scalars', scalars: epochScalars(record) });
      }
    } catch (error) {
      this.fail("TensorBoard's events are not written any more", error);
    }
  }

  close(): void {
    const { file } = this;
    this.file = undefined;
    try {
      file?.close();
    } catch (error) {
      // Said already, where they ended before.
      if (!this.failed) this.fail("TensorBoard's events are not all written", error);
    }
  }

  private fail(what: string, error: unknown): void {
    this.failed = true;
    this.emit({ kind: 'note', note: `${what}: ${oneLine(reasonOf(error))}` });
  }

  private open(record: StepRecord | EpochRecord): EventsFile {
    if (this.file === undefined) {
      this.file = new EventsFile(this.folder.file(FOLDER));
      // What the process before wrote of later steps does not count any more.
      const next = record.kind === 'step' ? record.step : this.step + 1;
      if (next > 1) this.file.write(next, { kind: 'restart' });
    }
    return this.file;
  }

  /** The learning rate of each parameter group: the record has that of the last, by which the others are known. */
  private rates({ step, lr }: StepRecord): Scalar[] {
    if (this.groups.length === 1) return [{ tag: 'learning-rate', value: lr }];
    const planned = this.schedule(step - 1, 1);
    const last = planned.at(-1) ?? 0;
    const factor = last === 0 ? 1 : lr / last;
    return this.groups.map((from, i) => ({ tag: `learning-rate/${from}`, value: (planned[i] ?? 0) * factor }));
  }
}

const stepScalars = ({ loss }: StepRecord, rates: readonly Scalar[]): Scalar[] => [
  { tag: 'loss/step', value: loss },
  ...rates,
];

const epochScalars = (record: EpochRecord): Scalar[] => [
  { tag: 'epoch', value: record.epoch },
  { tag: 'loss/train', value: record.trainLoss },
  { tag: 'loss/val', value: record.valLoss },
  { tag: 'accuracy/train', value: record.trainAccuracy },
  { tag: 'accuracy/val', value: record.valAccuracy },
];
