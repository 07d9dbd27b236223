import { html, type Html } from '../../html/html';
import { DEFAULT_LAYER } from '../../grad-cam/layers';
import { counted } from '../../text/count';
import { imageCard, type ReportContext, type Section } from '../context';
import { withoutEvidence } from '../lacking';
import type { Evidence } from '../overlays';
import type { ScoredImage, Scores } from '../scores';
import { cellId } from './confusion';

/** Images of each of the two galleries, and pixels of a side. */
const SHOWN = 12;
export const LARGE = 192;
const SMALL = 104;

/** Pictures of all cells together, so that the page stays one that can be sent. */
const MOST_PICTURES = 280;

/** Rules for galleries. */
export const GALLERY_STYLE = `
.no-picture { display: flex; aspect-ratio: 1; align-items: center; justify-content: center; background: var(--panel); color: var(--dim); border-radius: .3rem; font-size: .875rem; padding: .5rem; text-align: center; }
.small-pictures { grid-template-columns: repeat(auto-fill, minmax(6.75rem, 1fr)); } .small-pictures figcaption { font-size: .8125rem; }
.gallery img + img, .gallery img + .no-picture { margin-top: .25rem; } .cell:target > h3 { outline: 2px solid var(--link); outline-offset: .3rem; }
@media (max-width: 30rem) { .small-pictures { grid-template-columns: repeat(3, 1fr); gap: .5rem; } }
@media print { .gallery { grid-template-columns: repeat(6, 1fr); } .small-pictures { grid-template-columns: repeat(8, 1fr); } }
`;

const margin = ({ probability, second }: ScoredImage): number => probability - (second?.probability ?? 0);

/** The mistakes of which the model was most confident, and the images of which it was least. */
export function notable({ images }: Pick<Scores, 'images'>): { wrong: ScoredImage[]; unsure: ScoredImage[] } {
  return {
    wrong: images
      .filter(({ truth, predicted }) => truth !== predicted)
      .sort((a, b) => b.probability - a.probability || a.own - b.own)
      .slice(0, SHOWN),
    unsure: [...images].sort((a, b) => margin(a) - margin(b)).slice(0, SHOWN),
  };
}

/** These images, with where the evidence lies. */
export async function mistakesSection(context: ReportContext): Promise<Section> {
  const { scores } = context.run;
  const { wrong, unsure } = notable(scores);
  const all = scores.images.length - scores.correct;
  const cards = (some: readonly ScoredImage[]): Promise<Html[]> =>
    Promise.all(some.map((image) => imageCard(context, image, { side: LARGE, explained: true })));
  const body = html`${evidenceLead([...context.evidence.of.values()])}
    ${withoutEvidence(context).map((text) => html`<p class="dim">${text}.</p>`)}
    <h3>Worst mistakes</h3>
    ${
      all === 0
        ? html`<p>There are none among the validation images.</p>`
        : html`<p class="dim">
              The ${all > SHOWN ? `${SHOWN} of ${all} ` : ''}images that were taken for another class, most confident
              first: the predicted class, then the true one.
            </p>
            <ul class="gallery">
              ${await cards(wrong)}
            </ul>`
    }
    <h3>Least certain</h3>
    <p class="dim">The images whose two most probable classes are closest.</p>
    <ul class="gallery">
      ${await cards(unsure)}
    </ul>`;
  return { id: 'mistakes', title: 'Mistakes and doubts', body };
}

/** What stands below each image; undefined where nothing does. */
function evidenceLead(evidence: readonly Evidence[]): Html | undefined {
  if (evidence.length === 0) return undefined;
  if (evidence.every(({ cells }) => cells === 1)) {
    return html`<p class="dim">
      Where the evidence for the predicted class lies can't be shown: for images of this size the map of
      ${DEFAULT_LAYER} has a single cell. The command explain shows it by an earlier layer: --layer layer2.
    </p>`;
  }
  return html`<p class="dim">
    Below each image: where the evidence for the predicted class lies (Grad-CAM, Selvaraju et al. 2017); yellow is
    strongest.
  </p>`;
}

interface Cell {
  truth: number;
  predicted: number;
  images: ScoredImage[];
}

/** The images of each cell of the confusion matrix; mistakes have pictures first. */
export async function imagesSection(context: ReportContext): Promise<Section> {
  const { scores, config } = context.run;
  const cells = cellsOf(scores.images);
  const pictures = shares(cells);
  const parts = await Promise.all(
    cells.map(async ({ truth, predicted, images }, i) => {
      const shown = images.slice(0, pictures[i]);
      const right = truth === predicted;
      const title = right
        ? `${config.classes[truth] ?? ''}, recognised`
        : `${config.classes[truth] ?? ''}, taken for ${config.classes[predicted] ?? ''}`;
      const cards = await Promise.all(shown.map((image) => imageCard(context, image, { side: SMALL })));
      const names = `${config.classes[truth] ?? ''} ${config.classes[predicted] ?? ''}`;
      return html`<section
        class="cell"
        id="${cellId(truth, predicted)}"
        aria-label="${title}"
        data-right="${right ? 'yes' : 'no'}"
        data-name="${names.toLowerCase()}"
      >
        <h3>${title}: ${counted(images.length, 'image')}</h3>
        ${shown.length < images.length ? html`<p class="dim">${whichShown(shown.length, right)}</p>` : undefined}
        <ul class="gallery small-pictures">
          ${cards}
        </ul>
      </section>`;
    }),
  );
  const body = html`<div class="controls needs-script" id="image-controls">
      <label
        >Show
        <select id="image-kind">
          <option value="">all images</option>
          <option value="no">mistakes</option>
          <option value="yes">recognised images</option>
        </select></label
      >
      <label>Name or class <input type="search" id="image-search" /></label>
      <label
        >Order
        <select id="image-order">
          <option value="">as in the folder</option>
          <option value="sure">most confident first</option>
          <option value="unsure">least confident first</option>
        </select></label
      >
      <output id="image-count" aria-live="polite"></output>
    </div>
    ${parts}`;
  return { id: 'images', title: 'Validation images', body };
}

/** Which pictures of a cell are there, where all have no room. */
function whichShown(count: number, right: boolean): string {
  if (count === 0) return 'None is shown: there is no room for the pictures of all.';
  const which = `of which the model was ${right ? 'least' : 'most'} confident`;
  return count === 1 ? `The one ${which} is shown.` : `The ${count} ${which} are shown.`;
}

/** Mistakes before what was recognised, each in the order of the classes. */
function cellsOf(images: readonly ScoredImage[]): Cell[] {
  const cells = new Map<string, Cell>();
  for (const image of images) {
    const { truth, predicted } = image;
    const id = cellId(truth, predicted);
    const cell = cells.get(id) ?? { truth, predicted, images: [] };
    cell.images.push(image);
    cells.set(id, cell);
  }
  const right = ({ truth, predicted }: Cell): number => Number(truth === predicted);
  const sorted = [...cells.values()].sort(
    (a, b) => right(a) - right(b) || a.truth - b.truth || a.predicted - b.predicted,
  );
  // Where there are too many, those are shown that tell most.
  return images.length <= MOST_PICTURES
    ? sorted
    : sorted.map((cell) => ({
        ...cell,
        images: cell.images.sort((a, b) =>
          right(cell) === 1 ? a.probability - b.probability : b.probability - a.probability,
        ),
      }));
}

/**
 * How many pictures each cell has: as many as there are, or an equal share of what is left, mistakes first. Where there is not one for each, the cells of
 * the most images have one, and of those of as many the ones whose first image tells most.
 */
function shares(cells: readonly Cell[]): number[] {
  const out = cells.map(() => 0);
  let left = MOST_PICTURES;
  for (const right of [false, true]) {
    let open = cells.flatMap((cell, i) => ((cell.truth === cell.predicted) === right ? [i] : []));
    if (left < open.length) {
      const first = (i: number): number => (right ? -1 : 1) * (cells[i]?.images[0]?.probability ?? 0);
      const size = (i: number): number => cells[i]?.images.length ?? 0;
      open = open.sort((a, b) => size(b) - size(a) || first(b) - first(a)).slice(0, left);
    }
    while (open.length > 0 && left >= open.length) {
      const each = Math.floor(left / open.length);
      for (const i of open) {
        const more = Math.min(each, (cells[i]?.images.length ?? 0) - (out[i] ?? 0));
        out[i] = (out[i] ?? 0) + more;
        left -= more;
      }
      open = open.filter((i) => (out[i] ?? 0) < (cells[i]?.images.length ?? 0));
    }
  }
  return out;
}
