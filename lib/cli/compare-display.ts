import { textTable } from '../compare/table';
import type { CompareEvent } from '../compare/types';
import { say, sayJson } from '../text/terminal';
import { EvalDisplay } from './eval-display';
import { tellFallback } from './fallback';
import { createDisplay, type Display } from './progress';
import { shownPath } from './shown-path';

/** Shows a comparison: JSON records, or the rows' own lines for a person and the table at the end. */
export class CompareDisplay {
  private training: Display | undefined;
  private readonly evaluation: EvalDisplay;

  constructor(private readonly options: { json: boolean; quiet: boolean }) {
    this.evaluation = new EvalDisplay({ json: false, quiet: options.quiet });
  }

  show(event: CompareEvent): void {
    const { json, quiet } = this.options;
    if ((event.kind === 'train' || event.kind === 'eval') && event.event.kind === 'fallback') {
      tellFallback(event.event);
      return;
    }
    if (json) {
      sayJson(event);
      return;
    }
    switch (event.kind) {
      case 'row':
        this.close();
        // What was counted of the row before, such as its skipped images, is not this one's.
        this.training = createDisplay({ json: false, quiet });
        if (quiet) return;
        say(`${event.row}: ${event.state === 'reused' ? 'finished already' : 'begins'}, ${shownPath(event.folder)}`);
        return;
      // With --quiet the rows' last lines are left out too: the table says the same.
      case 'train':
        return quiet && event.event.kind === 'done' ? undefined : this.training?.show(event.event);
      case 'eval':
        return quiet && event.event.kind === 'done' ? undefined : this.evaluation.show(event.event);
      case 'done':
        this.close();
        if (!quiet) say('');
        textTable(event.rows).forEach((line) => say(line));
    }
  }

  /** Takes the bars away. */
  close(): void {
    this.training?.close();
    this.evaluation.close();
  }
}
