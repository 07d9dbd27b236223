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
