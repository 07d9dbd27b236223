import path from 'node:path';
import { html, type Html } from '../html/html';
import { imageUrl } from '../html/url';
import { capital } from '../text/capital';
import { KINDS, titleOf, type FindingKind } from './kinds';
import type { Thumbnail } from './thumbnails';
import type { Finding } from './types';

/** Files of one finding that are shown, and findings without pictures that are listed. */
export const FILES_SHOWN = 12;
const LISTED = 200;

/** Kinds whose files are images that can be decoded. */
export const PICTURED: ReadonlySet<FindingKind> = new Set([
  ...(['leak', 'label-conflict', 'near-leak', 'near-conflict', 'wrong-label', 'suspicious', 'blank'] as const),
  ...(['duplicate', 'near-duplicate', 'hidden-image', 'wrong-extension', 'exif-rotated'] as const),
  ...(['small', 'extreme-shape'] as const),
]);

/** The findings of one kind: groups of images, images, and a list of those without pictures. */
export function sectionOf(
  kind: FindingKind,
  findings: readonly Finding[],
  data: string,
  pictures: ReadonlyMap<string, Thumbnail>,
): Html {
  const { why } = KINDS[kind];
  const groups: Html[] = [];
  const figures: Html[] = [];
  const listed: Html[] = [];
  let rest = 0;
  for (const { files, note } of findings) {
    const names = (some: readonly string[]): string[] => some.map((file) => nameOf(data, file));
    const pictured = files.some((file) => pictures.has(file));
    if (pictured && files.length > 1) groups.push(groupOf(files, note, data, pictures));
    else if (pictured) figures.push(figureOf(files[0] ?? '', data, pictures, note));
    else if (listed.length < LISTED) {
      listed.push(html`<li>${names(files.slice(0, FILES_SHOWN)).join(', ')}: <span class="dim">${note}</span></li>`);
    } else rest++;
  }
  const more = rest > 0 && html`<li class="dim">and ${rest} more, which --json has</li>`;
  return html`<section>
    <h2 id="${kind}">${capital(titleOf(kind, findings.length))} <span class="small dim">${findings.length}</span></h2>
    <p>${why}</p>
    ${groups.length > 0 && html`<div class="groups">${groups}</div>`}
    ${
      figures.length > 0 &&
      html`<ul class="gallery">
        ${figures}
      </ul>`
    }
    ${
      listed.length > 0 &&
      html`<ul>
        ${listed} ${more}
      </ul>`
    }
  </section>`;
}

function groupOf(files: readonly string[], note: string, data: string, pictures: ReadonlyMap<string, Thumbnail>): Html {
  const rest = files.length - FILES_SHOWN;
  return html`<div class="group">
    <p>${note}</p>
    <ul class="gallery">
      ${files.slice(0, FILES_SHOWN).map((file) => figureOf(file, data, pictures))}
    </ul>
    ${rest > 0 && html`<p class="dim">and ${rest} more</p>`}
  </div>`;
}

function figureOf(file: string, data: string, pictures: ReadonlyMap<string, Thumbnail>, note?: string): Html {
  const name = nameOf(data, file);
  const picture = pictures.get(file);
  if (picture === undefined) return html`<li><span class="small">${name}</span></li>`;
  const { bytes, width, height } = picture;
  // The caption has the name.
  return html`<li>
    <figure>
      <img src="${imageUrl('webp', bytes)}" width="${width}" height="${height}" alt="" />
      <figcaption>${name}${note !== undefined && html`<br /><span class="dim">${note}</span>`}</figcaption>
    </figure>
  </li>`;
}

/** A path from the folder that was checked, where it lies in that. */
function nameOf(data: string, file: string): string {
  const relative = path.relative(data, file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative) ? relative : file;
}
