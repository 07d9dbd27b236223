import { SingleBar, type Options } from 'cli-progress';
import { barOf, fitLine, shortTime, type Part } from './fit-line';
import { isLive } from './terminal-kind';

const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/**
 * Where a bar is drawn. The cursor waits at the beginning of its line: a terminal that becomes narrower breaks the line into several and keeps the
 * cursor at the first of them, so that clearing from there takes away all of it, in every terminal and whatever it does on such an occasion. A
 * place that was saved before, as cli-progress's own terminal has it, is another line by then.
 */
class BarLine {
  constructor(private readonly stream: NodeJS.WriteStream) {}

  isTTY(): boolean {
    return this.stream.isTTY;
  }

  getWidth(): number {
    return columnsOf(this.stream);
  }

  cursorSave(): void {}

  cursorRestore(): void {}

  cursor(shown: boolean): void {
    this.stream.write(shown ? '\x1b[?25h' : '\x1b[?25l');
  }

  lineWrapping(on: boolean): void {
    this.stream.write(on ? '\x1b[?7h' : '\x1b[?7l');
  }

  cursorTo(): void {}

  /**
   * In one piece, so that no terminal shows half of it. Cleared is from the end of the text on: from the beginning of the screen's first line, tmux
   * would keep what it clears.
   */
  write(text: string): void {
    this.stream.write(`\r${text}${text === '' ? CLEAR_LINE : CLEAR_BELOW}\r`);
  }

  clearRight(): void {}

  clearLine(): void {
    this.stream.write(`\r${CLEAR_LINE}`);
  }
}

/** Some terminals do not tell their size, or say 0. */
const columnsOf = (stream: NodeJS.WriteStream): number => stream.columns || 80;

/** One line that is drawn again several times a second, for the columns that the terminal has by then, and taken away when it is stopped. */
export class LiveLine {
  private bar: SingleBar | undefined;

  /**
   * @param text the line for so many columns: figures or texts of ours, for it is written to the terminal as it is
   */
  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly text: (columns: number, progress: { done: number; total: number; seconds: number }) => string,
  ) {}

  /** Draws it, from the first call on; nothing where the stream is no terminal in which a line can be drawn again. */
  show(done: number, total: number): void {
    if (!isLive(this.stream)) return;
    if (this.bar === undefined) {
      // `terminal` is not among the types.
      const options: Options & { terminal: BarLine } = {
        format: (_, { value, total: all, eta, maxWidth }) =>
          this.text(maxWidth, { done: value, total: all, seconds: eta }),
        terminal: new BarLine(this.stream),
        stream: this.stream,
        hideCursor: true,
        clearOnComplete: true,
      };
      this.bar = new SingleBar(options);
      this.bar.start(total, done);
    }
    this.bar.update(done);
  }

  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}

/** What a bar says beside itself. */
export interface BarWords {
  /** What is done, such as `reading images`. */
  label?: string;
  /** Whether the time left is told. */
  time?: boolean;
  /** How far it is; default `12/34`. */
  count?: (done: number, total: number) => string;
}

/** Figures that follow the count. */
type Figures = () => string;

/** A bar that appears with the first piece of work, on a terminal only, and is taken away with the last. */
export class ProgressBar {
  private readonly line: LiveLine;

  /** @param figures what else is known, at the end of the line */
  constructor(stream: NodeJS.WriteStream, words: BarWords, figures: Figures = () => '') {
    this.line = new LiveLine(stream, (columns, progress) => barText(words, figures(), progress, columns));
  }

  show(done: number, total: number): void {
    this.line.show(done, total);
    if (done === total) this.stop();
  }

  stop(): void {
    this.line.stop();
  }
}

/** The line of a bar: the time left goes first where there is no room, then the figures, the label and the bar. */
export function barText(
  { label = '', time = false, count = (done, total) => `${done}/${total}` }: BarWords,
  figures: string,
  { done, total, seconds }: { done: number; total: number; seconds: number },
  columns: number,
): string {
  const name: Part[] = label === '' ? [] : [{ text: label }];
  const bar = barOf(total > 0 ? done / total : 1);
  const far: Part = { text: count(done, total), usual: count(total, total).length };
  const more: Part[] = figures === '' ? [] : [{ text: figures, gap: 2 }];
  const left = time ? shortTime(seconds) : '';
  const eta: Part[] = time ? [{ text: left === '' ? '' : `ETA ${left}`, usual: 9, gap: 2 }] : [];
  return fitLine(
    [[...name, bar, far, ...more, ...eta], [...name, bar, far, ...more], [...name, bar, far], [bar, far], [far]],
    columns,
  );
}
