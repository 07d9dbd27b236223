import { NAMED } from '../data/unreadable';
import { rateText } from '../lr-find/axes';
import { drawText, STEEPEST, TENTH } from '../lr-find/text-chart';
import type { LrFindEvent, LrPoint } from '../lr-find/types';
import { TRAIN_OPTIONS, type LrFindOptions } from '../options';
import { counted } from '../text/count';
import { shellPath } from '../text/shell';
import { say, sayJson, tell } from '../text/terminal';
import { ProgressBar } from './bar';
import { tellFallback } from './fallback';
import { createDisplay, type Display } from './progress';
import { lossText } from '../text/loss';
import { shownPath } from './shown-path';
import { wordsOf } from '../options/command-line';

type Done = Extract<LrFindEvent, { kind: 'lr-done' }>;

/** Columns where standard output is no terminal. */
const USUAL_COLUMNS = 80;

/** Shows a range test: JSON records, or what is opened, the curve and what it suggests. */
export class LrFindDisplay {
  private readonly training: Display;
  private readonly bar = new ProgressBar(process.stdout, { label: 'step' }, () => {
    const loss = this.points.at(-1)?.smoothed;
    return loss === undefined ? '' : `loss ${lossText(loss)}`;
  });
  private readonly points: LrPoint[] = [];
  private steps = 0;
  private skipped = 0;

  /** @param given the options as they were typed, for the command that trains */
  constructor(
    private readonly given: LrFindOptions,
    private readonly options: { json: boolean; quiet: boolean },
  ) {
    this.training = createDisplay({ json: false, quiet: options.quiet });
  }

  show(event: LrFindEvent): void {
    const { json, quiet } = this.options;
    // For scripts that would train with nothing.
    if (event.kind === 'lr-done' && event.suggestion === null) process.exitCode = 1;
    if (event.kind === 'fallback') {
      tellFallback(event);
      return;
    }
    if (json) {
      sayJson(event);
      return;
    }
    if (event.kind === 'lr-start') {
      this.tellOfMoreSkipped();
      this.steps = event.steps;
    } else if (event.kind === 'lr-step') {
      this.points.push(event);
      if (!quiet) this.bar.show(event.step, this.steps);
    } else if (event.kind === 'lr-done') {
      this.close();
      this.done(event);
    } else {
      if (event.kind === 'skipped') this.skipped++;
      this.training.show(event);
    }
  }

  /** No file has the names of the others. */
  private tellOfMoreSkipped(): void {
    const more = this.skipped - NAMED;
    if (more <= 0 || this.options.quiet) return;
    this.close();
    say(`skipped ${counted(more, 'more image')}, ${this.skipped} in all`);
  }

  /** Takes the bars away. */
  close(): void {
    this.bar.stop();
    this.training.close();
  }

  private done({ suggestion, note, ended, output }: Done): void {
    const { quiet } = this.options;
    if (quiet) {
      if (suggestion === null) tell(`resnet-ft: ${note ?? 'no suggestion'}`);
      else say(rateText(suggestion.lr));
      return;
    }
    if (this.points.length > 0) {
      ['', ...drawText(this.points, suggestion, process.stdout.columns || USUAL_COLUMNS), ''].forEach(say);
    }
    if (ended !== 'steps') say(endText(ended, this.points.length, this.steps));
    if (suggestion !== null) {
      say(`${STEEPEST} ${rateText(suggestion.lr)}, where the loss falls most steeply`);
      say(`${TENTH} ${rateText(suggestion.tenthOfLeast)}, a tenth of the rate of the least loss`);
    }
    if (note !== null) say(note);
    if (output !== null) say(`drawn in ${shownPath(output)}`);
    if (suggestion !== null) say(`To train with it: ${trainCommand(this.given, suggestion)}`);
  }
}

function endText(ended: 'diverged' | 'not-finite', done: number, steps: number): string {
  const why =
    ended === 'diverged' ? 'the smoothed loss was over 4 times its least' : 'a loss was infinite or no number';
  return `stopped after ${done} of ${steps} steps, where ${why}`;
}

/** The command line that trains with a rate, and with what was given otherwise. */
function trainCommand(given: LrFindOptions, { lr, lrHead }: { lr: number; lrHead?: number }): string {
  const { data, ...options } = given;
  const words = ['npx', 'resnet-ft', 'train', shellPath(data)];
  const rates = { lr: rateText(lr), lrHead: lrHead === undefined ? undefined : rateText(lrHead) };
  const all: Record<string, string | number | boolean | undefined> = { ...options, ...rates };
  for (const name of Object.keys(TRAIN_OPTIONS)) {
    if (name !== 'output') words.push(...wordsOf(name, all[name]));
  }
  return words.join(' ');
}
