import { SingleBar } from 'cli-progress';
import { passedOverLine } from '../data/passed-over';
import type { EvalEvent } from '../eval/types';
import { createDownloadDisplay, type DownloadDisplay } from './download-progress';
import { accuracyLine, dataLines, reportLines } from './eval-report';
import { shownPath } from './shown-path';

/** Shows an evaluation: one JSON object at the end, or lines for a person, with a bar where standard error is a terminal. */
export class EvalDisplay {
  private bar: SingleBar | undefined;

  private readonly download: DownloadDisplay;

  constructor(private readonly options: { json: boolean; quiet: boolean }) {
    this.download = createDownloadDisplay({ quiet: options.quiet });
  }

  show(event: EvalEvent): void {
    switch (event.kind) {
      case 'download':
        return this.download.show(event.event);
      case 'model':
        return this.note(`model ${shownPath(event.file)}: ${event.arch}, ${event.classes} classes`);
      case 'data':
        return dataLines(event).forEach((line) => this.note(line));
      case 'passed-over':
        return this.note(passedOverLine(event));
      case 'device':
        return this.note(event.note);
      case 'unreadable':
        return this.note(`unreadable ${shownPath(event.file)}: ${event.reason}`);
      case 'image':
        return this.progress(event.done, event.total);
      case 'done': {
        this.close();
        const { kind, ...result } = event;
        const { json, quiet } = this.options;
        const lines = json ? [JSON.stringify(result)] : quiet ? [accuracyLine(result)] : reportLines(result);
        process.stdout.write(`${lines.join('\n')}\n`);
      }
    }
  }

  /** Takes the bar away. */
  close(): void {
    this.download.close();
    this.bar?.stop();
    this.bar = undefined;
  }

  private note(line: string): void {
    this.close();
    if (!this.options.json && !this.options.quiet) process.stdout.write(`${line}\n`);
  }

  private progress(done: number, total: number): void {
    if (!process.stderr.isTTY || this.options.quiet) return;
    if (this.bar === undefined) {
      this.bar = new SingleBar({
        format: 'images {bar} {value}/{total}  ETA {eta_formatted}',
        hideCursor: true,
        clearOnComplete: true,
        barsize: 24,
        barCompleteChar: '=',
        barIncompleteChar: '.',
      });
      this.bar.start(total, done);
    }
    this.bar.update(done);
    if (done === total) this.close();
  }
}
