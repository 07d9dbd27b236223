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

/** What a run tells on its way, for its report: what took how long, and its notes. */
export class Account {
  private readonly seconds = new Map<string, number>();
  private readonly notes = new Set<string>();
  private before = performance.now();
  /** Where the run stood when it was stopped, or failed. */
  stopped: Progress | undefined;

  /** Takes an event into account. */
  see(event: TrainEvent): void {
    const now = performance.now();
    const phase = PHASES[event.kind] ?? OTHER;
    this.seconds.set(phase, (this.seconds.get(phase) ?? 0) + (now - this.before) / 1000);
    this.before = now;
    if (event.kind === 'note') this.notes.add(event.note);
  }

  /** In the order in which they were begun. */
  get phases(): { name: string; seconds: number }[] {
    return [...this.seconds].map(([name, seconds]) => ({ name, seconds: Math.round(seconds * 1000) / 1000 }));
  }

  get told(): string[] {
    return [...this.notes];
  }
}
