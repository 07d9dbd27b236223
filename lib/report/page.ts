import path from 'node:path';
import { CHART_STYLE } from '../charts/style';
import { wilsonInterval } from '../eval/wilson';
import { cards, type Card } from '../html/cards';
import { html, type Html } from '../html/html';
import { page } from '../html/page';
import { elementUrl } from '../html/url';
import { packageVersion } from '../machine/version';
import { duration } from '../text/duration';
import { lossText } from '../text/loss';
import { percent } from '../text/percent';
import { bestEpoch } from './best-epoch';
import { withInterval, type ReportContext, type Section } from './context';
import { withoutPicture } from './lacking';
import type { Run } from './read-run';
import { SCRIPT } from './script';
import { batchesSection } from './sections/batches';
import { calibrationSection, trustOf, type Trust } from './sections/calibration';
import { classesSection, CLASSES_STYLE } from './sections/classes';
import { CONFUSION_STYLE, confusionSection } from './sections/confusion';
import { curvesSection } from './sections/curves';
import { commandsSection, dataSection, recipeSection, TIME_STYLE, timeSection } from './sections/facts';
import { GALLERY_STYLE, imagesSection, mistakesSection } from './sections/gallery';
import { warningsOf } from './warnings';

const PAGE_STYLE = `
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0; font-size: .9375rem; }
nav a, .commands dt { text-decoration-thickness: 1px; } .commands dt { font-weight: 600; } .commands dd { margin: 0; }
/* Heads may break, so that figures need not. */
.compared { font-size: .9375rem; } .compared thead th { white-space: normal; } .compared td { white-space: nowrap; } .compared th, .compared td { padding-right: .5rem; }
.compared tbody th { overflow-wrap: anywhere; min-width: 6rem; }
@media print { nav { display: none; } }
`;

/** Rules of pages of reports. */
export const REPORT_STYLE = [CHART_STYLE, CONFUSION_STYLE, CLASSES_STYLE, GALLERY_STYLE, TIME_STYLE, PAGE_STYLE].join(
  '',
);

/** The report of one run as a page. */
export async function reportPage(context: ReportContext): Promise<string> {
  const { run } = context;
  const { scores } = run;
  const scored = scores.images.length > 0;
  const trust = await trustOf(scores);
  const sections: (Section | undefined)[] = [
    recipeSection(run),
    curvesSection(run),
    ...(scored ? [confusionSection(scores), classesSection(scores), await mistakesSection(context)] : []),
    batchesSection(run.data),
    calibrationSection(run, trust),
    dataSection(run),
    timeSection(run),
    commandsSection(run),
    ...(scored ? [await imagesSection(context)] : []),
  ];
  const warnings = [...warningsOf(run), ...withoutPicture(context).map((text) => `${text}.`)];
  return framed({
    title: path.basename(run.folder),
    lead: leadOf(run),
    top: html`${warnings.map((text) => html`<p class="warning">${text}</p>`)}${headline(run, trust)}`,
    sections: sections.filter((section) => section !== undefined),
  });
}

/** A page of sections: its heading, what stands before them, links to them, and where it comes from. */
export function framed({
  title,
  generator,
  lead,
  top,
  sections,
}: {
  title: string;
  generator?: string;
  lead: string;
  top: Html;
  sections: Section[];
}): string {
  const body = html`<main>
    <header>
      <h1>${title}</h1>
      <p class="dim">${lead}</p>
    </header>
    ${top}
    <nav aria-label="Contents">
      <ul>
        ${sections.map(({ id, title: name }) => html`<li><a href="${elementUrl(id)}">${name}</a></li>`)}
      </ul>
    </nav>
    ${sections.map(sectionMarkup)}
    <footer class="dim small"><p>Made by resnet-ft ${packageVersion()}.</p></footer>
  </main>`;
  return page({ title, generator, body, style: REPORT_STYLE, script: SCRIPT });
}

/** A section under its heading. */
export const sectionMarkup = ({ id, title, body }: Section): Html =>
  html`<section id="${id}" aria-labelledby="${id}-heading">
    <h2 id="${id}-heading">${title}</h2>
    ${body}
  </section>`;

export function leadOf({ config }: Run): string {
  const { options, classes } = config;
  const how = options.weights === 'none' ? 'trained from scratch' : 'fine-tuned';
  const names = classes.length <= 4 ? classes.join(', ') : `${classes.length} classes`;
  return `${options.arch ?? 'A network'} ${how} on ${path.basename(options.data)}: ${names}`;
}

/** The figures that one asks for first. */
function headline({ scores, result, epochs, temperature }: Run, trust: Trust | undefined): Html | undefined {
  const images = scores.images.length;
  // What the run has saved of its weights, and the page that it made when it was stopped, are of this one too.
  const best = bestEpoch(epochs);
  // The predictions of a run may be missing: then its figures are those of what it kept.
  const known = result?.model ?? best;
  if (images === 0 && known === undefined) return undefined;
  const figures: Card[] = [];
  if (images > 0) {
    const share = scores.correct / images;
    const interval = withInterval(share, wilsonInterval(scores.correct, images))
      .replace(/^.*?\(/, '')
      .replace(')', '');
    figures.push(['Validation accuracy', percent(share), `95 % interval: ${interval}; ${scores.correct} of ${images}`]);
    figures.push(['Validation loss', lossText(scores.loss), 'mean cross entropy']);
  } else if (known !== undefined) {
    figures.push(['Validation accuracy', percent(known.valAccuracy)]);
    figures.push(['Validation loss', lossText(known.valLoss), 'mean cross entropy']);
  }
  if (result !== undefined) {
    const { model } = result;
    figures.push(['Kept', `epoch ${model.epoch}`, `of ${result.epochs}; --keep ${model.keep}`]);
    figures.push(['Time', duration(result.seconds), `${result.device}, ${result.precision}`]);
  } else if (best !== undefined) {
    figures.push(['Best so far', `epoch ${best.epoch}`, `of ${epochs.length}; the figures are of it`]);
  }
  if (trust !== undefined) {
    const { before, fitted } = trust;
    const [{ error }, note] =
      fitted === undefined
        ? [before, 'as trained']
        : temperature === undefined
          ? [before, `temperature ${fitted.temperature.toFixed(2)}`]
          : [fitted.after, `with the temperature ${temperature.toFixed(2)}`];
    figures.push(['Calibration error', percent(error), note]);
  }
  return cards(figures);
}
