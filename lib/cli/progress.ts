import { Format, type SingleBar } from 'cli-progress';
import { passedOverLine } from '../data/passed-over';
import { say, sayJson } from '../text/terminal';
import { fill } from '../text/text-table';
import type { ClassFigures, EpochRecord, KeptModel, StepRecord, TrainEvent } from '../train/events';
import { createBar, ProgressBar } from './bar';
import { createDownloadDisplay, type DownloadDisplay } from './download-progress';
import { classLines } from './eval-report';
import { tellFallback } from './fallback';
import { shownPath } from './shown-path';
import { counted } from '../text/count';
import { percent } from '../text/percent';

/** Shows the events of a run. */
export interface Display {
  show(event: TrainEvent): void;
  /** Takes a progress bar away. */
  close(): void;
}

/** A thousand names would fill the screen; config.json has them all. */
const LISTED_CLASSES = 20;

/** The line of one epoch. */
function epochLine(record: EpochRecord, epochs: number, valImages: number): string {
  const correct = Math.round(record.valAccuracy * valImages);
  return [
    `epoch ${record.epoch}/${epochs}`,
    `train loss ${record.trainLoss.toFixed(4)} acc ${percent(record.trainAccuracy)}`,
    `val loss ${record.valLoss.toFixed(4)} acc ${percent(record.valAccuracy)} (${correct}/${valImages})`,
    `${record.seconds.toFixed(1)} s`,
  ].join('  ');
}

function headLine({ epochs, valLoss, valAccuracy }: Extract<TrainEvent, { kind: 'head' }>): string {
  return `head after ${counted(epochs, 'epoch')}  val loss ${valLoss.toFixed(4)} acc ${percent(valAccuracy)}`;
}

function resumedLine({ step, epoch }: Extract<TrainEvent, { kind: 'resumed' }>): string {
  if (step === 0) return 'the run goes on from its beginning';
  return `the run goes on in epoch ${epoch}, after ${counted(step, 'step')}`;
}

function finishedLine({ output, epochs }: Extract<TrainEvent, { kind: 'finished' }>): string {
  return `the run in ${shownPath(output)} is finished, after ${counted(epochs, 'epoch')}; to train it further, name more of them with --epochs`;
}

function keptText({ keep, epoch, step, batchLoss }: KeptModel): string {
  if (batchLoss === undefined) return `${keep === 'best' ? 'best' : 'last'} epoch ${epoch}`;
  return `least batch loss ${batchLoss.toFixed(4)} at step ${step}, epoch ${epoch}`;
}

/** Of more classes than this, those that the model knows least are shown. */
const SHOWN_CLASSES = 12;

export function classTable(classes: readonly ClassFigures[]): string[] {
  if (classes.length <= SHOWN_CLASSES) return classLines(classes);
  const worst = [...classes].sort((a, b) => (a.f1 ?? 0) - (b.f1 ?? 0)).slice(0, SHOWN_CLASSES);
  return [`the ${SHOWN_CLASSES} of ${classes.length} classes with the lowest F1:`, ...classLines(worst)];
}

function classesText(classes: readonly string[]): string {
  if (classes.length <= LISTED_CLASSES) return `classes ${classes.join(', ')}`;
  const others = classes.length - LISTED_CLASSES;
  return `${classes.length} classes: ${classes.slice(0, LISTED_CLASSES).join(', ')} and ${others} more`;
}

class JsonDisplay implements Display {
  show(event: TrainEvent): void {
    if (event.kind === 'fallback') tellFallback(event);
    else sayJson(event);
  }

  close(): void {}
}

/** Lines for a person, and on a terminal a bar beneath them. */
class TextDisplay implements Display {
  private readonly downloads: DownloadDisplay;
  private readonly reading = new ProgressBar(process.stdout, 'reading images {bar} {value}/{total}', 34);
  private readonly computing = new ProgressBar(process.stdout, 'computing features {bar} {value}/{total}', 34);
  private bar: SingleBar | undefined;
  private epochs = 0;
  private perEpoch = 0;
  private stepsPerEpoch = 1;
  private epoch = 0;
  private first = 0;
  private done = 0;
  private begun = 0;
  private valImages = 0;
  private skipped = 0;

  constructor(
    private readonly quiet: boolean,
    private readonly terminal: boolean,
    private readonly label: string,
  ) {
    this.downloads = createDownloadDisplay({ quiet });
  }

  show(event: TrainEvent): void {
    switch (event.kind) {
      case 'data':
        return this.line(`${event.train} training and ${event.val} validation images, ${classesText(event.classes)}`);
      case 'download':
        this.close();
        return this.downloads.show(event.event);
      case 'passed-over':
        return this.line(passedOverLine(event));
      case 'fallback':
        return tellFallback(event);
      case 'device':
      case 'estimate':
      case 'weights':
      case 'note':
        return this.line(event.note);
      case 'crops':
        if (!this.quiet) this.reading.show(event.done, event.total);
        return;
      case 'features':
        if (!this.quiet) this.computing.show(event.done, event.total);
        return;
      case 'head':
        // One line for all of them: they take seconds.
        if (event.epoch === event.epochs) this.line(headLine(event));
        return;
      case 'skipped':
        this.skipped++;
        return this.line(`skipped ${event.file}: ${event.reason}`);
      case 'start':
        this.epochs = event.epochs;
        this.perEpoch = event.images;
        this.stepsPerEpoch = event.stepsPerEpoch;
        this.valImages = event.valImages;
        return this.line(`training, results in ${shownPath(event.output)}`);
      case 'step':
        return this.step(event);
      case 'epoch':
        this.close();
        return fill(
          `${this.label}${epochLine(event, this.epochs, this.valImages)}`.split('  '),
          '  ',
          this.width(),
        ).forEach((line) => this.line(line));
      case 'report':
        return this.line(`report: ${shownPath(event.file)}`);
      case 'saved':
      case 'checkpoint':
        return;
      case 'resumed':
        return this.line(resumedLine(event));
      case 'finished':
        say(finishedLine(event));
        return;
      case 'done':
        this.close();
        if (!this.quiet) ['', ...classTable(event.perClass), ''].forEach(say);
        say(
          `${keptText(event.model)}: val loss ${event.model.valLoss.toFixed(4)} acc ${percent(event.model.valAccuracy)}` +
            `${this.skipped > 0 ? `, ${counted(this.skipped, 'image')} skipped` : ''}; saved in ${shownPath(event.output)}`,
        );
    }
  }

  close(): void {
    this.reading.stop();
    this.computing.stop();
    this.bar?.stop();
    this.bar = undefined;
    this.downloads.close();
  }

  /** Columns of the terminal; elsewhere lines are not wrapped. */
  private width(): number {
    return process.stdout.columns || Infinity;
  }

  private line(text: string): void {
    this.close();
    if (!this.quiet) say(text);
  }

  private step({ epoch, step, images, loss }: StepRecord): void {
    if (!this.terminal || this.quiet) return;
    const payload = { label: this.label, epoch: `${epoch}/${this.epochs}`, loss: loss.toFixed(4), speed: '' };
    if (epoch !== this.epoch || this.bar === undefined) {
      // The first batch was begun before the clock: it tells nothing of the speed. The bar may begin within an epoch: after a line between, or a
      // break of the run.
      const ofEpoch = step - (epoch - 1) * this.stepsPerEpoch;
      this.epoch = epoch;
      this.first = this.done = Math.round((this.perEpoch * ofEpoch) / this.stepsPerEpoch);
      this.begun = performance.now();
      this.close();
      this.bar = createBar(
        process.stdout,
        '{label}epoch {epoch} {bar} {value}/{total}  loss {loss}{speed}',
        66 + this.label.length,
      );
      this.bar.start(this.perEpoch, this.done, payload);
      return;
    }
    this.done += images;
    const speed = (this.done - this.first) / ((performance.now() - this.begun) / 1000);
    const left = Format.TimeFormat(Math.ceil((this.perEpoch - this.done) / speed), { autopaddingChar: '' }, 1);
    this.bar.update(this.done, { ...payload, speed: `  ${speed.toFixed(1)} img/s  ETA ${left}` });
  }
}

/**
 * JSON records, or text, with a progress bar if standard output is a terminal.
 *
 * @param options.label before each line of an epoch, to tell the training from others: figures and words of ours
 */
export function createDisplay(options: { json: boolean; quiet: boolean; label?: string }): Display {
  const label = options.label === undefined ? '' : `${options.label}  `;
  return options.json ? new JsonDisplay() : new TextDisplay(options.quiet, process.stdout.isTTY, label);
}
