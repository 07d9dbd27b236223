import path from 'node:path';
import { cards } from '../html/cards';
import { html, type Html } from '../html/html';
import { page } from '../html/page';
import { bestEpoch } from '../report/best-epoch';
import { leadOf, REPORT_STYLE, sectionMarkup } from '../report/page';
import { batchesSection } from '../report/sections/batches';
import { curvesSection } from '../report/sections/curves';
import { dataSection, recipeSection } from '../report/sections/facts';
import type { Section } from '../report/context';
import type { Run } from '../report/read-run';
import { lossText } from '../text/loss';
import { percent } from '../text/percent';
import type { LiveRun } from './live-run';
import { SCRIPT } from './script';

/** Where a training stands, as its page shows it. */
export interface Shown {
  live: LiveRun;
  /** Which of several trainings this is. */
  label: string | undefined;
  /** How it ended: one line. */
  ended: { text: string; failed: boolean } | undefined;
}

/** The parts of the page that change, by the `id` of their element. `curves` is much work to draw, and has a function of its own. */
export const PARTS = ['status', 'told', 'figures', 'notes', 'curves'] as const;
export type Part = (typeof PARTS)[number];

const STYLE = `
#status progress { width: 100%; height: .8rem; accent-color: var(--c0); margin-top: .35rem; } #status p { margin: 0; }
#status .now { font-size: 1.1rem; font-weight: 600; } :root.scripted .without-script { display: none; }
#told { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
#lost { border-left: .3rem solid var(--bad); padding: .5rem .75rem; background: var(--panel); }
`;

/** The markup within a part. */
export function partOf(part: Part, shown: Shown): Html {
  const { live } = shown;
  switch (part) {
    case 'status':
      return status(shown);
    case 'told':
      return html`${told(shown)}`;
    case 'figures':
      return live.run === undefined ? html`` : figures(live.run);
    case 'curves':
      return live.run === undefined
        ? html`<p class="dim">They begin with the first step.</p>`
        : curvesSection(live.run).body;
    case 'notes':
      return notes(live);
  }
}

/** What the run said before it was resumed, and what it says now. */
function notes({ run, notes: now }: LiveRun): Html {
  const before = (run?.data?.notes ?? []).filter((note) => !now.includes(note));
  if (before.length + now.length === 0) return html`<p class="dim">Nothing so far.</p>`;
  return html`<ul>
    ${[...before, ...now].map((note) => html`<li>${note}</li>`)}
  </ul>`;
}

function status({ live, ended }: Shown): Html {
  const { text, share, detail } = live.status;
  if (ended !== undefined)
    return html`<p class="${ended.failed ? 'now bad' : 'now good'}">${ended.text}</p>
      ${ended.failed && share !== undefined ? html`<p class="dim">${text}</p>` : undefined}`;
  return html`<p class="now">${text}</p>
    <p class="dim">${detail ?? ''}</p>
    ${
      share === undefined
        ? undefined
        : html`<progress max="1" value="${share.toFixed(4)}" aria-label="${text}">${percent(share)}</progress>`
    }`;
}

/** What a screen reader says when it changes: not each second, as the status does, but of each epoch, and how it ended. */
function told({ live: { run }, ended }: Shown): string {
  if (ended !== undefined) return ended.text;
  const last = run?.epochs.at(-1);
  return last === undefined ? '' : `Epoch ${last.epoch} is done: validation accuracy ${percent(last.valAccuracy)}`;
}

/** The figures of the last epoch, and of the best, as `--keep best` chooses it. */
function figures({ epochs }: Run): Html {
  const last = epochs.at(-1);
  if (last === undefined) return html``;
  const best = bestEpoch(epochs) ?? last;
  return cards([
    ['Validation accuracy', percent(last.valAccuracy), `best ${percent(best.valAccuracy)}, epoch ${best.epoch}`],
    ['Validation loss', lossText(last.valLoss), `after epoch ${last.epoch}`],
    ['Training accuracy', percent(last.trainAccuracy), `in epoch ${last.epoch}`],
    ['Training loss', lossText(last.trainLoss), `in epoch ${last.epoch}`],
    ['An epoch takes', `${last.seconds.toFixed(1)} s`, 'with its validation'],
  ]);
}

/**
 * The page of a training that goes on.
 *
 * @param version of what stands still in it; the page tells it when it asks for what changes
 */
export function livePage(shown: Shown, version: number): string {
  const { live, label } = shown;
  const { run } = live;
  const name = run === undefined ? 'A training' : path.basename(run.folder);
  const title = label === undefined ? name : `${name}, ${label}`;
  const settled: (Section | undefined)[] =
    run === undefined ? [] : [batchesSection(run.data), recipeSection(run), dataSection(run, { notes: false })];
  const body = html`<main data-version="${version}">
    <header>
      <h1>${title}</h1>
      <p class="dim">${run === undefined ? 'It has not begun yet.' : leadOf(run)}</p>
    </header>
    <p id="lost" class="bad" role="alert" hidden>
      No connection to the training: its process has ended, or this computer can't reach it. What it wrote is in its
      folder.
    </p>
    <div id="status">${partOf('status', shown)}</div>
    <p id="told" role="status">${partOf('told', shown)}</p>
    <p class="without-script dim">Reload the page to see how it goes on: without scripts it can't update itself.</p>
    <div id="figures">${partOf('figures', shown)}</div>
    <section aria-labelledby="curves-heading">
      <h2 id="curves-heading">Curves</h2>
      <div id="curves">${partOf('curves', shown)}</div>
    </section>
    ${settled.filter((section) => section !== undefined).map(sectionMarkup)}
    <section aria-labelledby="notes-heading">
      <h2 id="notes-heading">What the run says</h2>
      <div id="notes">${partOf('notes', shown)}</div>
    </section>
  </main>`;
  return page({ title, body, style: `${REPORT_STYLE}${STYLE}`, script: SCRIPT, served: true });
}
