import { calibrationLines } from '../eval/calibration-lines';
import { readRun, type Run } from '../report/read-run';
import type { EpochRecord, StepRecord } from '../report/records';
import { dropRepeated } from '../report/repeated';
import { counted } from '../text/count';
import { duration } from '../text/duration';
import type { TrainEvent } from '../train/events';
import { TrainingPace, type RunLength } from '../train/pace';

/** Steps that are kept: curves show fewer. Neighbours are put together beyond. */
const MOST_STEPS = 4096;
/** Notes that are shown: the newest. */
const MOST_NOTES = 20;

/** What a run is doing. */
export interface Status {
  /** One line: `Epoch 3 of 50`. */
  text: string;
  /** How much of that is done, of 1; undefined where that is not known. */
  share?: number | undefined;
  /** Speed and time left. */
  detail?: string | undefined;
}

/** A run as its events tell of it, so that a page can show it while it goes on. */
export class LiveRun {
  /** Undefined until the first epoch begins. */
  run: Run | undefined;
  status: Status = { text: 'Looking at the images' };
  /** Of what the run said, the newest last. */
  readonly notes: string[] = [];
  /** The page that the run left at its end. */
  report: string | undefined;
  /** How often something that the curves show has changed. */
  changes = 0;
  private readonly pace: TrainingPace;
  private length: RunLength | undefined;
  private merged = 1;
  private pending: StepRecord[] = [];
  /** What comes before the folder has been read is not lost, and not taken twice. */
  private early: (StepRecord | EpochRecord)[] | undefined;

  constructor(now?: () => number) {
    this.pace = new TrainingPace(now);
  }

  /** Takes an event into account; the promise is of the folder being read, where the event asks for that. */
  async see(event: TrainEvent): Promise<void> {
    switch (event.kind) {
      case 'data':
        this.status = { text: `${counted(event.train, 'training image')}, ${counted(event.val, 'validation image')}` };
        return;
      case 'download':
        if (event.event.kind === 'bytes') {
          const { received, total } = event.event;
          this.status = { text: 'Downloading', share: total === undefined ? undefined : received / total };
        }
        return;
      case 'crops':
        this.status = working('Reading images', event);
        return;
      case 'features':
        this.status = working('Computing the features of the frozen layers', event);
        return;
      case 'head':
        this.status = working('Training the last layer first', { done: event.epoch, total: event.epochs }, 'epoch');
        return;
      case 'device':
      case 'estimate':
      case 'weights':
      case 'note':
        return this.note(event.note);
      case 'skipped':
        return this.note(`skipped ${event.file}: ${event.reason}`);
      case 'calibrated':
        return calibrationLines(event).forEach((line) => this.note(line));
      case 'start':
        return this.start(event);
      case 'step':
      case 'epoch':
        this.pace.see(event);
        if (this.early === undefined) this.record(event);
        else this.early.push(event);
        return;
      case 'report':
        this.report = event.file;
        return;
      case 'finished':
        this.status = { text: `The run was finished before, after ${counted(event.epochs, 'epoch')}`, share: 1 };
        return;
      case 'done':
        this.status = { text: `Done, after ${counted(event.epochs, 'epoch')}`, share: 1 };
        return;
      case 'passed-over':
      case 'fallback':
      case 'saved':
      case 'checkpoint':
      case 'resumed':
        return;
    }
  }

  private note(note: string): void {
    this.notes.push(note);
    if (this.notes.length > MOST_NOTES) this.notes.shift();
  }

  private async start(event: Extract<TrainEvent, { kind: 'start' }>): Promise<void> {
    const { output, stepsPerEpoch } = event;
    this.early = [];
    this.length = event;
    this.pace.start(event);
    this.status = { text: 'The first epoch begins' };
    try {
      const run = await readRun(output);
      // A run that goes on has its steps so far; where it was finished before, its result is of then.
      this.run = { ...run, result: undefined, stepsPerEpoch, steps: [], epochs: [] };
      for (const record of [...run.steps, ...run.epochs].sort(byTime)) this.keep(record);
    } finally {
      const early = this.early;
      this.early = undefined;
      for (const record of early) this.record(record);
    }
  }

  private record(record: StepRecord | EpochRecord): void {
    if (this.run === undefined || this.length === undefined) return;
    this.keep(record);
    const { epochs, steps, stepsPerEpoch, valImages } = this.length;
    if (record.kind === 'epoch') {
      this.status = { ...this.status, text: `Epoch ${record.epoch} of ${epochs} is done` };
      return;
    }
    const ofEpoch = record.step - (record.epoch - 1) * stepsPerEpoch;
    const validating = ofEpoch === stepsPerEpoch || record.step === steps;
    const { imagesPerSecond: speed, secondsLeft: left } = this.pace;
    const step = `step ${ofEpoch} of ${stepsPerEpoch}`;
    this.status = {
      text: `Epoch ${record.epoch} of ${epochs}: ${validating ? `validating ${counted(valImages, 'image')}` : step}`,
      share: record.step / steps,
      detail: [
        ...(speed === undefined ? [] : [`${speed.toFixed(1)} training images a second`]),
        ...(left === undefined ? [] : [`about ${duration(left.run)} to go`]),
      ].join(', '),
    };
  }

  /** Keeps a record; the run may have gone back, and repeats it. */
  private keep(record: StepRecord | EpochRecord): void {
    const { run } = this;
    if (run === undefined) return;
    if (record.kind === 'epoch') {
      dropRepeated(run.epochs, ({ epoch }) => epoch >= record.epoch);
      run.epochs.push(record);
      this.changes++;
      return;
    }
    this.pending = this.pending.filter(({ step }) => step < record.step);
    if (this.pending.length === 0) dropRepeated(run.steps, ({ step }) => step >= record.step);
    this.pending.push(record);
    if (this.pending.length < this.merged) return;
    run.steps.push(mean(this.pending));
    this.pending = [];
    this.changes++;
    if (run.steps.length < MOST_STEPS) return;
    this.merged *= 2;
    run.steps = Array.from({ length: MOST_STEPS / 2 }, (_, i) => mean(run.steps.slice(2 * i, 2 * i + 2)));
  }
}

function working(what: string, { done, total }: { done: number; total: number }, noun?: string): Status {
  const of = noun === undefined ? `${done} of ${total}` : `${noun} ${done} of ${total}`;
  return { text: `${what}: ${of}`, share: total === 0 ? undefined : done / total };
}

/** Steps, and after those of it the record of an epoch. */
function byTime(a: StepRecord | EpochRecord, b: StepRecord | EpochRecord): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  if (a.kind !== b.kind) return a.kind === 'step' ? -1 : 1;
  return a.kind === 'step' && b.kind === 'step' ? a.step - b.step : 0;
}

/** Several steps as one, which stands at the last of them. */
function mean(steps: readonly StepRecord[]): StepRecord {
  const last = steps.at(-1) as StepRecord;
  if (steps.length === 1) return last;
  const of = (value: (step: StepRecord) => number): number =>
    steps.reduce((sum, step) => sum + value(step), 0) / steps.length;
  return { ...last, loss: of(({ loss }) => loss), lr: of(({ lr }) => lr), images: of(({ images }) => images) };
}
