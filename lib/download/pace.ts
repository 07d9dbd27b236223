import { AttemptError } from './failure';
import type { Tuning } from './types';

/** Bytes that must come within a window, or be new in an attempt for it to count as progress. */
export function leastBytes({ slowest, window }: Pick<Tuning, 'slowest' | 'window'>): number {
  return (slowest * window) / 1000;
}

/** Gives up a server that is alive but sends next to nothing, which would keep a download going for ever. */
export class Pace {
  private bytes = 0;
  private waited = 0;

  constructor(private readonly tuning: Pick<Tuning, 'slowest' | 'window'>) {}

  /**
   * Passes chunks on. Only the time spent waiting for them counts, not that of what is done with them.
   *
   * @throws AttemptError where fewer than {@link leastBytes} came while a whole window was waited
   */
  async *watch(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let since = performance.now();
    for await (const chunk of chunks) {
      this.add(chunk.length, performance.now() - since);
      yield chunk;
      since = performance.now();
    }
  }

  private add(bytes: number, waited: number): void {
    this.bytes += bytes;
    this.waited += waited;
    const { window } = this.tuning;
    if (this.waited < window) return;
    const least = leastBytes(this.tuning);
    if (this.bytes < least) {
      const came = `only ${this.bytes} bytes came in ${(this.waited / 1000).toFixed(1)} s`;
      throw new AttemptError(`${came}, and ${least} are expected every ${window / 1000} s`, true);
    }
    this.bytes = 0;
    this.waited = 0;
  }
}
