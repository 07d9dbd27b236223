import { Mutex } from 'async-mutex';
import { misuse } from './error';

/** Lets the passes of one model or session run one after the other, stops them, and waits for them. */
export class Passes {
  private readonly turns = new Mutex();
  private begun = 0;
  private cancelledUpTo = 0;
  private open = true;

  constructor(private readonly what: string) {}

  requireOpen(): void {
    if (!this.open) throw misuse(`the ${this.what} is closed`);
  }

  /** Runs a pass when it is its turn. `stopped` says whether it was cancelled since; that of passes before it stays as it is. */
  run<T>(pass: (stopped: () => boolean) => Promise<T>): Promise<T> {
    const number = ++this.begun;
    return this.turns.runExclusive(() => pass(() => number <= this.cancelledUpTo));
  }

  /** Runs what must not meet a pass. */
  whenIdle<T>(work: () => T | Promise<T>): Promise<T> {
    return this.turns.runExclusive(work);
  }

  /** Stops all passes that were begun, the one that runs and those that wait for it. */
  cancel(): void {
    this.cancelledUpTo = this.begun;
  }

  /** Stops the running pass, waits for it, and then calls `free`, once. */
  async close(free: () => void): Promise<void> {
    const first = this.open;
    this.open = false;
    this.cancel();
    await this.turns.runExclusive(() => {
      if (first) free();
    });
  }
}
