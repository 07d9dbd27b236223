import type { Mutex } from 'async-mutex';

interface Waiting<T, R> {
  item: T;
  /** When it became ready: milliseconds. */
  since: number;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
  signal: AbortSignal;
}

/** How a {@link Batcher} forms batches. */
export interface BatcherOptions<T, R> {
  /** Items of a batch at most. */
  size: number;
  /** Milliseconds that an item waits for others that are on their way, while nothing runs. */
  wait: number;
  /** What runs takes a turn of these; one at a time. */
  turns: Mutex;
  /** Results in the order of the items. */
  run: (items: T[]) => Promise<R[]>;
}

/**
 * Makes batches of what comes one by one. A batch is formed at the very moment in which it can run, of whatever is ready then, so that under load
 * the next one is there when one ends. A lone item waits for nothing; one that sees others on their way waits for them for a short while.
 */
export class Batcher<T, R> {
  private readonly ready: Waiting<T, R>[] = [];
  private coming = 0;
  private running = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: BatcherOptions<T, R>) {}

  /** Says that an item is on its way. @returns to be called, once, when it is ready or will not come */
  expect(): () => void {
    this.coming++;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.coming--;
      this.start();
    };
  }

  /**
   * Has an item run with others.
   *
   * @param signal leaves the item out of the batch in which it would be
   * @throws what `run` throws; the signal's reason
   */
  add(item: T, signal: AbortSignal): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.ready.push({ item, since: performance.now(), resolve, reject, signal });
      this.start();
    });
  }

  private start(): void {
    const first = this.ready[0];
    if (this.running || first === undefined) return;
    clearTimeout(this.timer);
    const left = this.options.wait - (performance.now() - first.since);
    if (this.ready.length < this.options.size && this.coming > 0 && left > 0) {
      this.timer = setTimeout(() => this.start(), Math.ceil(left));
      return;
    }
    this.running = true;
    void this.options.turns
      .runExclusive(() => this.runOne())
      .finally(() => {
        this.running = false;
        this.start();
      });
  }

  private async runOne(): Promise<void> {
    const batch: Waiting<T, R>[] = [];
    while (batch.length < this.options.size) {
      const next = this.ready.shift();
      if (next === undefined) break;
      if (next.signal.aborted) next.reject(next.signal.reason);
      else batch.push(next);
    }
    if (batch.length === 0) return;
    try {
      const results = await this.options.run(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, i) => resolve(results[i] as R));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
