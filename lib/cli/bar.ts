import { SingleBar } from 'cli-progress';

/** Columns of the bar itself, if there is room. */
const LONGEST = 24;
const SHORTEST = 4;

/**
 * A bar that is taken away when it is done or stopped. What its format names must be figures or texts of ours: a bar writes to the
 * terminal as it is.
 *
 * @param format as cli-progress reads it: `{bar} {value}/{total}`
 * @param rest columns that the line takes beside the bar, at most: on a narrow terminal the bar is shorter
 */
export function createBar(stream: NodeJS.WriteStream, format: string, rest: number): SingleBar {
  const room = (stream.columns ?? 80) - rest - 1;
  return new SingleBar({
    format,
    hideCursor: true,
    clearOnComplete: true,
    barsize: Math.max(SHORTEST, Math.min(LONGEST, room)),
    barCompleteChar: '=',
    barIncompleteChar: '.',
    stream,
  });
}

/** A bar that appears with the first piece of work, on a terminal only, and is taken away with the last. */
export class ProgressBar {
  private bar: SingleBar | undefined;

  /** The parameters are those of {@link createBar}. */
  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly format: string,
    private readonly rest: number,
  ) {}

  /** @param payload further figures that the format names */
  show(done: number, total: number, payload: Record<string, string> = {}): void {
    if (!this.stream.isTTY) return;
    if (this.bar === undefined) {
      this.bar = createBar(this.stream, this.format, this.rest);
      this.bar.start(total, done, payload);
    }
    this.bar.update(done, payload);
    if (done === total) this.stop();
  }

  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}
