import { SingleBar } from 'cli-progress';
import { passedOverLine } from '../data/passed-over';
import type { EpochRecord, KeptModel, TrainEvent } from '../train/events';
import { createDownloadDisplay, type DownloadDisplay } from './download-progress';
import { shownPath } from './shown-path';

/** Shows the events of a run to whoever started it. */
export interface Display {
  show(event: TrainEvent): void;
  /** Takes a progress bar away. */
  close(): void;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** The line of one epoch. */
export function epochLine(record: EpochRecord, epochs: number, valImages: number): string {
  const correct = Math.round(record.valAccuracy * valImages);
  return [
    `epoch ${record.epoch}/${epochs}`,
    `train loss ${record.trainLoss.toFixed(4)} acc ${percent(record.trainAccuracy)}`,
    `val loss ${record.valLoss.toFixed(4)} acc ${percent(record.valAccuracy)} (${correct}/${valImages})`,
    `${record.seconds.toFixed(1)} s`,
  ].join('  ');
}

function keptText({ keep, epoch, step, batchLoss }: KeptModel): string {
  if (batchLoss === undefined) return `${keep === 'best' ? 'best' : 'last'} epoch ${epoch}`;
  return `least batch loss ${batchLoss.toFixed(4)} at step ${step}, epoch ${epoch}`;
}

class JsonDisplay implements Display {
  show(event: TrainEvent): void {
    process.stdout.write(`${JSON.stringify(event)}\n`);
  }

  close(): void {}
}

/** Lines for a person, and on a terminal a bar beneath them. */
class TextDisplay implements Display {
  private readonly downloads: DownloadDisplay;
  private bar: SingleBar | undefined;
  private epochs = 0;
  private perEpoch = 0;
  private epoch = 0;
  private done = 0;
  private begun = 0;
  private valImages = 0;
  private skipped = 0;

  constructor(
    private readonly quiet: boolean,
    private readonly terminal: boolean,
  ) {
    this.downloads = createDownloadDisplay({ quiet });
  }

  show(event: TrainEvent): void {
    switch (event.kind) {
      case 'data':
        return this.line(
          `${event.train} training and ${event.val} validation images, classes ${event.classes.join(', ')}`,
        );
      case 'download':
        this.close();
        return this.downloads.show(event.event);
      case 'passed-over':
        return this.line(passedOverLine(event));
      case 'device':
      case 'estimate':
      case 'weights':
      case 'note':
        return this.line(event.note);
      case 'crops':
        return this.crops(event.done, event.total);
      case 'skipped':
        this.skipped++;
        return this.line(`skipped ${event.file}: ${event.reason}`);
      case 'start':
        this.epochs = event.epochs;
        this.perEpoch = event.images;
        this.valImages = event.valImages;
        return this.line(`training, results in ${shownPath(event.output)}`);
      case 'step':
        return this.step(event.epoch, event.images, event.loss);
      case 'epoch':
        this.close();
        return this.line(epochLine(event, this.epochs, this.valImages));
      case 'saved':
        return;
      case 'done':
        this.close();
        process.stdout.write(
          `${keptText(event.model)}: val loss ${event.model.valLoss.toFixed(4)} acc ${percent(event.model.valAccuracy)}` +
            `${this.skipped > 0 ? `, ${this.skipped} images skipped` : ''}; saved in ${shownPath(event.output)}\n`,
        );
    }
  }

  close(): void {
    this.bar?.stop();
    this.bar = undefined;
    this.downloads.close();
  }

  private line(text: string): void {
    this.close();
    if (!this.quiet) process.stdout.write(`${text}\n`);
  }

  private crops(done: number, total: number): void {
    if (!this.terminal || this.quiet) return;
    if (this.bar === undefined) this.start('reading images {bar} {value}/{total}', total, {});
    this.bar?.update(done);
    if (done === total) this.close();
  }

  private step(epoch: number, images: number, loss: number): void {
    if (!this.terminal || this.quiet) return;
    if (epoch !== this.epoch) {
      this.epoch = epoch;
      this.done = 0;
      this.begun = performance.now();
      this.close();
    }
    const payload = { epoch: `${epoch}/${this.epochs}`, speed: '', loss: loss.toFixed(4) };
    if (this.bar === undefined) {
      this.start(
        'epoch {epoch} {bar} {value}/{total}  {speed} img/s  loss {loss}  ETA {eta_formatted}',
        this.perEpoch,
        payload,
      );
    }
    this.done += images;
    const seconds = (performance.now() - this.begun) / 1000;
    this.bar?.update(this.done, { ...payload, speed: seconds > 0 ? (this.done / seconds).toFixed(1) : '' });
  }

  private start(format: string, total: number, payload: object): void {
    this.bar = new SingleBar({
      format,
      hideCursor: true,
      clearOnComplete: true,
      barsize: 24,
      barCompleteChar: '=',
      barIncompleteChar: '.',
      stream: process.stdout,
    });
    this.bar.start(total, 0, payload);
  }
}

/** JSON records, or text: with a progress bar where standard output is a terminal. */
export function createDisplay(options: { json: boolean; quiet: boolean }): Display {
  return options.json ? new JsonDisplay() : new TextDisplay(options.quiet, process.stdout.isTTY);
}
