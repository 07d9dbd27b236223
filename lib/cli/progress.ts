import path from 'node:path';
import { passedOverLine } from '../data/passed-over';
import { NAMED } from '../data/unreadable';
import { resumeCommand } from '../report/commands';
import { SKIPPED } from '../report/records';
import { say, sayJson } from '../text/terminal';
import { fill } from '../text/text-table';
import type { ClassFigures, EpochRecord, KeptModel, StepRecord, TrainEvent } from '../train/events';
import { LiveLine, ProgressBar } from './bar';
import { calibrationLines } from '../eval/calibration-lines';
import { createDownloadDisplay, type DownloadDisplay } from './download-progress';
import { classLines } from './eval-report';
import { tellFallback } from './fallback';
import { shownPath } from './shown-path';
import { stepLine } from './step-line';
import { StepProgress } from './step-progress';
import { hasBlocks } from './terminal-kind';
import { counted } from '../text/count';
import { lossText } from '../text/loss';
import { percent } from '../text/percent';
import { firstOf } from '../text/first-of';

/** Shows the events of a run. */
export interface Display {
  show(event: TrainEvent): void;
  /** Takes a progress bar away. */
  close(): void;
}

/** A thousand names would fill the screen; config.json has them all. */
const LISTED_CLASSES = 20;

/** What is told of one epoch, in as few lines as so many columns take. */
function epochLines(
  label: string,
  record: EpochRecord,
  plan: { epochs: number; valImages: number },
  columns: number,
): string[] {
  const { epoch, trainLoss, trainAccuracy, valLoss, valAccuracy, seconds } = record;
  const place = `${label === '' ? '' : `${label}  `}epoch ${epoch}/${plan.epochs}`;
  const correct = Math.round(valAccuracy * plan.valImages);
  const figures = [
    `train loss ${lossText(trainLoss)} acc ${percent(trainAccuracy)}`,
    `val loss ${lossText(valLoss)} acc ${percent(valAccuracy)} (${correct}/${plan.valImages})`,
  ];
  const time = `${seconds.toFixed(1)} s`;
  const usual = fill([place, ...figures, time], '  ', columns);
  // Where each has a line of its own, the time would be alone in the last.
  return usual.length <= 2 ? usual : fill([place, time, ...figures], '  ', columns);
}

function headLine({ epochs, valLoss, valAccuracy }: Extract<TrainEvent, { kind: 'head' }>): string {
  return `head after ${counted(epochs, 'epoch')}  val loss ${lossText(valLoss)} acc ${percent(valAccuracy)}`;
}

function resumedLine({ step, epoch }: Extract<TrainEvent, { kind: 'resumed' }>): string {
  if (step === 0) return 'the run goes on from its beginning';
  return `the run goes on in epoch ${epoch}, after ${counted(step, 'step')}`;
}

function finishedLine({ output, epochs, steps, further }: Extract<TrainEvent, { kind: 'finished' }>): string {
  const shown = shownPath(output);
  const command = further === undefined ? '' : `; to train it further: ${resumeCommand(shown)} ${further}`;
  return `the run in ${shown} is finished, after ${counted(epochs, 'epoch')} (${counted(steps, 'step')})${command}`;
}

function keptText({ keep, epoch, step, batchLoss }: KeptModel): string {
  if (batchLoss === undefined) return `${keep === 'best' ? 'best' : 'last'} epoch ${epoch}`;
  return `least batch loss ${lossText(batchLoss)} at step ${step}, epoch ${epoch}`;
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
  return `${classes.length} classes: ${firstOf(classes, LISTED_CLASSES)}`;
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
  private readonly reading = new ProgressBar(process.stdout, { label: 'reading images' });
  private readonly computing = new ProgressBar(process.stdout, { label: 'computing features' });
  private readonly progress: StepProgress;
  private readonly steps: LiveLine;
  private epochs = 0;
  private valImages = 0;
  private skipped = 0;

  constructor(
    private readonly quiet: boolean,
    private readonly label: string,
  ) {
    this.downloads = createDownloadDisplay({ quiet });
    this.progress = new StepProgress(label);
    const blocks = hasBlocks();
    this.steps = new LiveLine(process.stdout, (columns) => stepLine(this.progress.state(), columns, blocks));
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
        if (++this.skipped <= NAMED) this.line(`skipped ${event.file}: ${event.reason}`);
        return;
      case 'start':
        this.tellOfMoreSkipped(event.output);
        this.epochs = event.epochs;
        this.valImages = event.valImages;
        this.progress.start(event);
        return this.line(`training, results in ${shownPath(event.output)}`);
      case 'step':
        return this.step(event);
      case 'epoch':
        this.close();
        this.progress.endOfEpoch(event);
        return epochLines(this.label, event, { epochs: this.epochs, valImages: this.valImages }, this.width()).forEach(
          (line) => this.line(line),
        );
      case 'calibrated':
        return calibrationLines(event).forEach((line) => this.line(line));
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
          `${keptText(event.model)}: val loss ${lossText(event.model.valLoss)} acc ${percent(event.model.valAccuracy)}` +
            `${this.skipped > 0 ? `, ${counted(this.skipped, 'image')} skipped` : ''}; saved in ${shownPath(event.output)}`,
        );
    }
  }

  /** Of hundreds of images the terminal has the first few, and where the others stand. */
  private tellOfMoreSkipped(output: string): void {
    const more = this.skipped - NAMED;
    if (more <= 0) return;
    const list = shownPath(path.join(output, SKIPPED));
    this.line(`skipped ${counted(more, 'more image')}: ${list} names all ${this.skipped}`);
  }

  close(): void {
    this.reading.stop();
    this.computing.stop();
    this.steps.stop();
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

  private step(event: StepRecord): void {
    if (this.quiet) return;
    this.progress.step(event);
    const { done, total } = this.progress.state();
    this.steps.show(done, total);
  }
}

/**
 * JSON records, or text, with a progress bar if standard output is a terminal.
 *
 * @param options.label before each line of an epoch, to tell the training from others: figures and words of ours
 */
export function createDisplay(options: { json: boolean; quiet: boolean; label?: string }): Display {
  return options.json ? new JsonDisplay() : new TextDisplay(options.quiet, options.label ?? '');
}
