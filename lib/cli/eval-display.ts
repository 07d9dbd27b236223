import { passedOverLine } from '../data/passed-over';
import type { EvalEvent } from '../eval/types';
import { counted } from '../text/count';
import { say, sayJson } from '../text/terminal';
import { ProgressBar } from './bar';
import { createDownloadDisplay, type DownloadDisplay } from './download-progress';
import { accuracyLine, dataLines, reportLines } from './eval-report';
import { tellFallback } from './fallback';
import { shownPath } from './shown-path';

/** Shows an evaluation: one JSON object at the end, or lines for a person, with a bar if standard error is a terminal. */
export class EvalDisplay {
  private readonly bar = new ProgressBar(process.stderr, { label: 'images', time: true });

  private readonly download: DownloadDisplay;

  constructor(private readonly options: { json: boolean; quiet: boolean }) {
    this.download = createDownloadDisplay({ quiet: options.quiet });
  }

  show(event: EvalEvent): void {
    switch (event.kind) {
      case 'download':
        return this.download.show(event.event);
      case 'model':
        return this.note(
          `model ${shownPath(event.file)}: ${event.arch}, ${counted(event.classes, 'class', 'classes')}`,
        );
      case 'data':
        return dataLines(event).forEach((line) => this.note(line));
      case 'passed-over':
        return this.note(passedOverLine(event));
      case 'device':
        return this.note(event.note);
      case 'fallback':
        return tellFallback(event);
      case 'unreadable':
        return this.note(`unreadable ${shownPath(event.file)}: ${event.reason}`);
      case 'image':
        if (!this.options.quiet) this.bar.show(event.done, event.total);
        return;
      case 'done': {
        this.close();
        const { kind, ...result } = event;
        const { json, quiet } = this.options;
        if (json) sayJson(result);
        else (quiet ? [accuracyLine(result)] : reportLines(result)).forEach((line) => say(line));
      }
    }
  }

  /** Takes the bar away. */
  close(): void {
    this.download.close();
    this.bar.stop();
  }

  private note(line: string): void {
    this.close();
    if (!this.options.json && !this.options.quiet) say(line);
  }
}
