import type { CheckEvent, CheckStage } from '../check/types';
import { tell } from '../text/terminal';
import { ProgressBar } from './bar';
import { createDownloadDisplay } from './download-progress';
import { tellFallback } from './fallback';

const STAGES: Readonly<Record<CheckStage, string>> = {
  read: 'reading images',
  embed: 'computing embeddings',
  labels: 'judging labels',
  page: 'making the page',
};

/** Shows how far a check is, on standard error. */
export class CheckDisplay {
  private readonly download = createDownloadDisplay();
  private stage: CheckStage | undefined;
  private bar: ProgressBar | undefined;

  show(event: CheckEvent): void {
    switch (event.kind) {
      case 'download':
        return this.download.show(event.event);
      case 'fallback':
        return tellFallback(event);
      case 'device':
        // What a model runs on matters where it takes long: on a terminal, as the bars do.
        this.close();
        if (process.stderr.isTTY) tell(event.note);
        return;
      case 'progress':
        return this.progress(event.stage, event.done, event.total);
    }
  }

  /** Takes the bar away. */
  close(): void {
    this.download.close();
    this.bar?.stop();
    this.bar = undefined;
    this.stage = undefined;
  }

  private progress(stage: CheckStage, done: number, total: number): void {
    if (stage !== this.stage) {
      this.close();
      const label = STAGES[stage];
      this.stage = stage;
      this.bar = new ProgressBar(process.stderr, { label });
    }
    this.bar?.show(done, total);
  }
}
