const IDLE = Symbol('idle');

/**
 * Groups inputs for the network. A chunk is full wherever the producer is fast enough; one that comes slowly, such as a list on
 * standard input, does not hold up the inputs that are there: once the network is idle, it gets those.
 */
export class Chunker<T> {
  private readonly iterator: Iterator<T> | AsyncIterator<T>;
  /** Asked for and not yet used; kept from one chunk to the next where the producer was too slow. */
  private coming: Promise<IteratorResult<T>> | undefined;

  /** @param check throws for an input that is none, after those before it have been given */
  constructor(
    inputs: Iterable<T> | AsyncIterable<T>,
    private readonly check: (input: T) => void = () => {},
  ) {
    this.iterator = Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
  }

  /**
   * The next inputs, `size` at most; undefined where there are none left.
   *
   * @param idle settles when the network has nothing to do; must not reject
   * @throws what the producer or the check throws, after the inputs before it have been given
   */
  async next(size: number, idle: Promise<unknown>): Promise<T[] | undefined> {
    const chunk: T[] = [];
    // A turn of the event loop lets a producer go on that is fast, but asynchronous.
    const flush = idle.then(() => new Promise<typeof IDLE>((resolve) => setImmediate(resolve, IDLE)));
    while (chunk.length < size) {
      this.coming ??= this.ask();
      let got: IteratorResult<T> | typeof IDLE;
      try {
        got = chunk.length > 0 ? await Promise.race([this.coming, flush]) : await this.coming;
      } catch (error) {
        if (chunk.length > 0) break;
        throw error;
      }
      if (got === IDLE || got.done === true) break;
      this.coming = undefined;
      chunk.push(got.value);
    }
    return chunk.length > 0 ? chunk : undefined;
  }

  private async ask(): Promise<IteratorResult<T>> {
    const got = await this.iterator.next();
    if (got.done !== true) this.check(got.value);
    return got;
  }

  /** Lets the producer clean up, without waiting in case it is stuck. */
  end(): void {
    void (async () => this.iterator.return?.())().catch(() => {});
  }
}
