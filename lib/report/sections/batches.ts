import { html, type Html } from '../../html/html';
import { counted } from '../../text/count';
import { picture, type Section } from '../context';
import type { ReportData, SeenBatch } from '../records';

/** Pixels of a side. */
export const SEEN_SIDE = 112;

/** Batches as the network saw them; undefined where the run kept none. */
export function batchesSection(data: ReportData | undefined): Section | undefined {
  if (data === undefined || !Array.isArray(data.batches) || data.batches.length === 0) return undefined;
  const body = html`<p class="dim">
      As the network gets them: cropped, mirrored and changed as the options ask for, before the normalisation.
    </p>
    ${data.batches.map(batch)}`;
  return { id: 'batches', title: 'Training images', body };
}

function batch({ epoch, batch: number, images }: SeenBatch): Html {
  return html`<h3>
      Epoch ${epoch}, batch ${number}:
      ${images.length === 1 ? 'its first image' : `its first ${counted(images.length, 'image')}`}
    </h3>
    <ul class="gallery small-pictures">
      ${images.map(({ webp, labels }) => {
        const label = labels
          .map(({ name }, i) => (labels.length === 1 ? name : `${name} ${percentOf(labels, i)} %`))
          .join(', ');
        return html`<li>
          <figure>
            ${picture(Buffer.from(webp, 'base64'), SEEN_SIDE, `Shown as ${label}`)}
            <figcaption>${label}</figcaption>
          </figure>
        </li>`;
      })}
    </ul>`;
}

/** A share in whole percent; the last one is what is left to 100. */
function percentOf(labels: readonly { share: number }[], i: number): number {
  const rounded = (share: number): number => Math.round(share * 100);
  if (i < labels.length - 1) return rounded(labels[i]?.share ?? 0);
  return labels.slice(0, -1).reduce((left, { share }) => left - rounded(share), 100);
}
