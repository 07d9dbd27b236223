import { labelOf, tableLines } from '../repeats/table';
import type { RepeatEvent } from '../repeats/types';
import { say, sayJson } from '../text/terminal';
import type { TrainEvent } from '../train/events';
import { tellFallback } from './fallback';
import { classTable, createDisplay, type Display } from './progress';
import { shownPath } from './shown-path';

/** What is often the same of every training, and then told of the first. */
const ALIKE: ReadonlySet<TrainEvent['kind']> = new Set(['device', 'weights', 'passed-over', 'note']);

/** Shows several trainings: JSON records, or their own lines for a person and the table at the end. */
export class RepeatDisplay {
  private training: Display | undefined;
  private label = '';
  private readonly told = new Set<string>();

  constructor(private readonly options: { json: boolean; quiet: boolean }) {}

  show(event: RepeatEvent): void {
    const { json, quiet } = this.options;
    if (event.kind === 'train' && event.event.kind === 'fallback') tellFallback(event.event);
    else if (json) sayJson(event);
    else this.showText(event, quiet);
  }

  /** Takes the bars away. */
  close(): void {
    this.training?.close();
  }

  private showText(event: RepeatEvent, quiet: boolean): void {
    switch (event.kind) {
      case 'note':
        if (!quiet) say(event.note);
        return;
      case 'run':
        this.close();
        this.label = labelOf(event.by, event.run);
        this.training = createDisplay({ json: false, quiet, label: this.label });
        if (!quiet) say(`${this.label}: ${shownPath(event.folder)}`);
        return;
      case 'train':
        return this.showTraining(event.event, quiet);
      case 'done':
        this.close();
        if (!quiet) say('');
        tableLines(event).forEach((line) => say(line));
        if (quiet) return;
        ['', ...classTable(event.perClass), '', `saved in ${shownPath(event.output)}`].forEach((line) => say(line));
    }
  }

  private showTraining(event: TrainEvent, quiet: boolean): void {
    if (event.kind === 'finished') {
      if (!quiet) say(`${this.label}  is finished already`);
      return;
    }
    // The table says what each came to.
    if (event.kind === 'done') return this.close();
    if (ALIKE.has(event.kind)) {
      const text = JSON.stringify(event);
      if (this.told.has(text)) return;
      this.told.add(text);
    }
    this.training?.show(event);
  }
}
