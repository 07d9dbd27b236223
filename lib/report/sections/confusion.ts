import { html, type Html } from '../../html/html';
import { scrollable } from '../../html/scrollable';
import { elementUrl } from '../../html/url';
import { counted } from '../../text/count';
import type { Section } from '../context';
import type { Scores } from '../scores';

/** Classes beyond which a matrix is no picture any more, and the cells that it then shows. */
const MOST_CLASSES = 25;
const MOST_PAIRS = 30;

/** Shades of a cell. */
const SHADES = 8;

/** The id of the images of one cell. */
export const cellId = (truth: number, predicted: number): string => `cell-${truth}-${predicted}`;

/** Rules for the matrix. */
export const CONFUSION_STYLE = `
.confusion td { text-align: center; padding: 0; min-width: 3.5rem; border: 1px solid var(--line); }
.confusion td > a, .confusion td > span { display: block; padding: .45rem .3rem; color: var(--fore); text-decoration: none; }
.confusion td > a { text-decoration: underline; text-underline-offset: .2em; text-decoration-thickness: 1px; }
.confusion .right { outline: 2px solid var(--dim); outline-offset: -3px; }
.confusion thead th { text-align: center; padding: .3rem .5rem; } .confusion thead th:first-child { text-align: left; }
.confusion th { white-space: normal; max-width: 12rem; }
${Array.from({ length: SHADES }, (_, i) => `.confusion .s${i} { background: color-mix(in srgb, var(--c0) ${i * 6}%, var(--back)); }`).join('\n')}
`;

/** Images by true and predicted class, each cell a link to its images. */
export function confusionSection(scores: Scores): Section {
  const body = scores.classes.length > MOST_CLASSES ? pairs(scores) : matrix(scores);
  return { id: 'confusion', title: 'Confusion matrix', body };
}

function matrix({ classes, confusion }: Scores): Html {
  const rows = confusion.map((counts, truth) => {
    const all = counts.reduce((a, b) => a + b, 0);
    return html`<tr>
      <th scope="row">${classes[truth]}</th>
      ${counts.map((count, predicted) => cell(count, all, truth, predicted, classes))}
    </tr>`;
  });
  return html`<p class="dim">Rows: the true class. Columns: the predicted class. A number leads to its images.</p>
    ${scrollable(
      'Images by class',
      html`<table class="confusion">
        <thead>
          <tr>
            <th scope="col">true \\ predicted</th>
            ${classes.map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>`,
    )}`;
}

function cell(count: number, all: number, truth: number, predicted: number, classes: readonly string[]): Html {
  const shade = all === 0 ? 0 : Math.round(((SHADES - 1) * count) / all);
  const kind = `s${shade}${truth === predicted ? ' right' : ''}`;
  if (count === 0) return html`<td class="${kind}"><span>0</span></td>`;
  const label = `${counted(count, 'image')} of ${classes[truth] ?? ''} taken for ${classes[predicted] ?? ''}`;
  return html`<td class="${kind}">
    <a href="${elementUrl(cellId(truth, predicted))}" aria-label="${label}">${count}</a>
  </td>`;
}

/** Of many classes, those that are taken for one another most often. */
function pairs({ classes, pairs: all }: Scores): Html {
  const wrong = all
    .filter(({ truth, predicted }) => truth !== predicted)
    .sort((a, b) => b.images - a.images || a.truth - b.truth || a.predicted - b.predicted)
    .slice(0, MOST_PAIRS);
  return html`<p class="dim">
      ${classes.length} classes are too many for a matrix: these are most often taken for others. A number leads to its
      images.
    </p>
    ${scrollable(
      'Classes taken for others',
      html`<table class="sortable">
        <thead>
          <tr>
            <th scope="col">True class</th>
            <th scope="col">Predicted class</th>
            <th scope="col" class="number">Images</th>
          </tr>
        </thead>
        <tbody>
          ${wrong.map(
            ({ truth, predicted, images }) =>
              html`<tr>
                <th scope="row">${classes[truth]}</th>
                <td>${classes[predicted]}</td>
                <td class="number"><a href="${elementUrl(cellId(truth, predicted))}">${images}</a></td>
              </tr>`,
          )}
        </tbody>
      </table>`,
    )}`;
}
