import path from 'node:path';
import { html, type Html } from '../html/html';
import { imageUrl } from '../html/url';
import { percent } from '../text/percent';
import type { Evidence, EvidenceFound } from './overlays';
import type { Run } from './read-run';
import type { ScoredImage } from './scores';
import type { Thumbnails } from './thumbnails';

/** What the sections of a report are made of. */
export interface ReportContext {
  run: Run;
  thumbnails: Thumbnails;
  /** Of images of the galleries, what the network saw and where the evidence lies. */
  evidence: EvidenceFound;
}

/** A part of a page: its heading and what comes under it. */
export interface Section {
  /** Letters, digits and hyphens. */
  id: string;
  title: string;
  body: Html;
}

/** The name of an image below the data set's folder, or that of its validation images; of one from elsewhere that of its folder and file. */
export function shownName({ config: { options } }: Pick<Run, 'config'>, file: string): string {
  for (const folder of [options.data, options.val]) {
    const below = folder === undefined ? '' : path.relative(folder, file);
    if (below !== '' && !below.startsWith('..') && !path.isAbsolute(below)) return below;
  }
  return path.join(path.basename(path.dirname(file)), path.basename(file));
}

/** `92.8 % (87.6 to 95.9 %)` */
export const withInterval = (share: number, { low, high }: { low: number; high: number }): string =>
  `${percent(share)} (${(low * 100).toFixed(1)} to ${percent(high)})`;

/** A picture within the page, or what stands for one. */
export function picture(bytes: Uint8Array | undefined, side: number, alt: string): Html {
  return bytes === undefined
    ? html`<span class="no-picture" role="img" aria-label="${alt}">no picture</span>`
    : html`<img src="${imageUrl('webp', bytes)}" width="${side}" height="${side}" alt="${alt}" decoding="async" />`;
}

/** The picture of where the evidence lies, or words in its place; nothing of a single cell, of which the section says that. */
function evidencePicture({ overlay, cells }: Evidence, side: number, said: string): Html | undefined {
  if (overlay !== undefined) return picture(overlay, side, `Where the evidence for ${said} lies`);
  return cells === 1 ? undefined : html`<span class="no-picture">nothing here speaks for ${said}</span>`;
}

/** A validation image with what the model said of it. */
export async function imageCard(
  { run, thumbnails, evidence }: ReportContext,
  image: ScoredImage,
  { side, explained = false }: { side: number; explained?: boolean },
): Promise<Html> {
  const { classes } = run.config;
  const [truth = '', said = ''] = [classes[image.truth], classes[image.predicted]];
  const right = image.truth === image.predicted;
  const name = shownName(run, image.file);
  const alt = right ? `An image of ${truth}` : `An image of ${truth}, taken for ${said}`;
  const why = explained ? evidence.of.get(image.file) : undefined;
  const rest = right ? image.second : { index: image.truth, probability: image.own };
  return html`<li
    data-truth="${image.truth}"
    data-right="${right ? 'yes' : 'no'}"
    data-sure="${image.probability.toFixed(4)}"
    data-name="${`${name} ${truth} ${said}`.toLowerCase()}"
  >
    <figure>
      ${picture(why?.seen ?? (await thumbnails.of(image.file, side)), side, alt)}
      ${why === undefined ? undefined : evidencePicture(why, side, said)}
      <figcaption>
        <span class="${right ? 'good' : 'bad'}"
          >${right ? '\u2713' : '\u2717'} ${said} ${percent(image.probability)}</span
        >
        ${rest === undefined ? undefined : html`<br />${classes[rest.index]} ${percent(rest.probability)}`}
        <br /><span class="dim name">${name}</span>
      </figcaption>
    </figure>
  </li>`;
}
