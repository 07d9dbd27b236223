import { wilsonInterval } from '../../eval/wilson';
import { html, trusted, type Html } from '../../html/html';
import { scrollable } from '../../html/scrollable';
import { percent } from '../../text/percent';
import { withInterval, type Section } from '../context';
import type { Scores } from '../scores';

/** Figures of each class, with 95 % intervals. */
export function classesSection(scores: Scores): Section {
  const rows = scores.classes.map((name, index) => {
    const { support, predicted, correct, precision, recall, f1 } = scores.classFigures(index);
    return html`<tr>
      <th scope="row">${name}</th>
      <td class="number">${support}</td>
      ${share(correct, predicted, precision)}${share(correct, support, recall)}
      <td class="number" data-value="${f1 ?? -1}">${f1 === null ? 'none' : percent(f1)}</td>
    </tr>`;
  });
  const body = html`${scrollable(
      'Figures of each class',
      html`<table class="sortable classes">
        <thead>
          <tr>
            <th scope="col">Class</th>
            <th scope="col" class="number">Images</th>
            <th scope="col">Precision</th>
            <th scope="col">Recall</th>
            <th scope="col" class="number">F1</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>`,
    )}
    <p class="dim small">
      Precision: of the images taken for the class, those that are of it. Recall: of the images of the class, those
      taken for it. In brackets: 95 % intervals (Wilson), which are wide where there are few images.
    </p>`;
  return { id: 'classes', title: 'Classes', body };
}

function share(part: number, whole: number, value: number | null): Html {
  if (value === null) return html`<td data-value="-1">none</td>`;
  const interval = wilsonInterval(part, whole);
  return html`<td data-value="${value}">
    ${intervalBar(value, interval)}<span class="nowrap">${withInterval(value, interval)}</span>
  </td>`;
}

/** A share on a scale from 0 to 1, and the interval around it. */
function intervalBar(value: number, { low, high }: { low: number; high: number }): Html {
  const at = (x: number): string => (2 + x * 96).toFixed(1);
  return trusted(
    '<svg class="interval" viewBox="0 0 100 10" aria-hidden="true"><path d="M2 5H98" stroke="var(--line)" stroke-width="2"/>' +
      `<path d="M${at(low)} 5H${at(high)}" stroke="var(--c0)" stroke-width="4"/><circle cx="${at(value)}" cy="5" r="4" fill="var(--fore)"/></svg>`,
  );
}

/** Rules for the table. */
export const CLASSES_STYLE = `
.interval { width: 6.5rem; height: .65rem; } .nowrap { white-space: nowrap; } .classes td, .classes th { vertical-align: middle; } .classes td { min-width: 4rem; }
`;
