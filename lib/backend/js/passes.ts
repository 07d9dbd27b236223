import { Mutex } from 'async-mutex';
import { misuse } from './error';

/** Lets the passes of one model or session run one after the other, stops them, and waits for them. */
export class Passes {
  private readonly turns = new Mutex();
  private cancelled = false;
  private open = true;

  constructor(private readonly what: string) {}

  requireOpen(): void {
    if (!this.open) throw misuse(`the ${this.what} is closed`);
  }

  /** Runs a pass when it is its turn. `stopped` says whether it has been cancelled. Takes back an earlier cancel. */
  run<T>(pass: (stopped: () => boolean) => Promise<T>): Promise<T> {
    this.cancelled = false;
    return this.turns.runExclusive(() => pass(() => this.cancelled));
  }

  /** Runs what must not meet a pass. */
  whenIdle<T>(work: () => T | Promise<T>): Promise<T> {
    return this.turns.runExclusive(work);
  }

  cancel(): void {
    this.cancelled = true;
  }

  /** Stops the running pass, waits for it, and then calls `free`, once. */
  async close(free: () => void): Promise<void> {
    const first = this.open;
    this.open = false;
    this.cancelled = true;
    await this.turns.runExclusive(() => {
      if (first) free();
    });
  }
}
