import type { ReportData } from '../report/records';
import type { Progress } from './progress';
import type { TrainEvent } from './events';

/** What the time before an event went into. */
const PHASES: Partial<Record<TrainEvent['kind'], string>> = {
  data: 'Finding images',
  download: 'Downloading',
  device: 'Opening the backend',
  weights: 'Reading weights',
  crops: 'Reading images',
  features: 'Training the head',
  head: 'Training the head',
  step: 'Training',
  epoch: 'Validation',
  saved: 'Saving',
  checkpoint: 'Saving',
};
const OTHER = 'Preparing';

/** The time that a run took so far, of all processes that had a part in where it stands. */
export interface Spent {
  seconds: number;
  phases: ReportData['phases'];
}

/** What a run tells on its way, for its report: what took how long, and its notes. */
export class Account {
  private readonly begun = performance.now();
  private readonly own = new Map<string, number>();
  private readonly notes = new Set<string>();
  /** Of the processes before this one. */
  private before: { spent: Spent; notes: readonly string[] } = { spent: { seconds: 0, phases: [] }, notes: [] };
  private last = this.begun;
  /** Where the run stood when it was stopped, or failed. */
  stopped: Progress | undefined;

  /**
   * Goes on with that of a run that is resumed.
   *
   * @param spent until the checkpoint that it goes on from: what was done after it is done again. Undefined where that does not tell
   */
  goOn(spent: Spent | undefined, notes: readonly string[]): void {
    this.before = { spent: spent ?? this.before.spent, notes };
  }

  /** Takes an event into account. */
  see(event: TrainEvent): void {
    const now = performance.now();
    const phase = PHASES[event.kind] ?? OTHER;
    this.own.set(phase, (this.own.get(phase) ?? 0) + (now - this.last) / 1000);
    this.last = now;
    if (event.kind === 'note') this.notes.add(event.note);
  }

  /** Until now. */
  get spent(): Spent {
    const { spent } = this.before;
    return { seconds: rounded(spent.seconds + (performance.now() - this.begun) / 1000), phases: this.phases };
  }

  /** In the order in which they were begun. */
  private get phases(): Spent['phases'] {
    const all = new Map(this.before.spent.phases.map(({ name, seconds }) => [name, seconds]));
    for (const [name, seconds] of this.own) all.set(name, (all.get(name) ?? 0) + seconds);
    return [...all].map(([name, seconds]) => ({ name, seconds: rounded(seconds) }));
  }

  get told(): string[] {
    return [...new Set([...this.before.notes, ...this.notes])];
  }
}

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;
