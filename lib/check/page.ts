import path from 'node:path';
import { writeAtomically } from '../files/atomic-file';
import { cards } from '../html/cards';
import { html, type Html } from '../html/html';
import { scrollable } from '../html/scrollable';
import { page } from '../html/page';
import { elementUrl } from '../html/url';
import { capital } from '../text/capital';
import { counted } from '../text/count';
import { leastOf, mostOf } from '../text/extremes';
import { percent } from '../text/percent';
import { KINDS, titleOf, type FindingKind } from './kinds';
import { labelsJudgedBy, notDone } from './not-judged';
import { FILES_SHOWN, PICTURED, sectionOf } from './page-section';
import { mendable, scriptLines } from './script';
import { thumbnails, type Thumbnail } from './thumbnails';
import type { CheckEvent, CheckReport, Finding } from './types';

/** Pictures of one kind, and of all: the page stays below 3 MB. */
const PICTURES_OF_KIND = 48;
const PICTURES = 360;
/** Lines of the script. */
const LINES = 400;

const STYLE = `
.groups { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: .75rem; margin: 0 0 .75rem; }
.group { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .75rem; }
.group > p { margin: 0 0 .5rem; } .group .gallery { margin: 0; }
.gallery img { height: 9rem; object-fit: contain; }
h2 .small { font-weight: 400; }
.tag { font-size: .875rem; white-space: nowrap; }
`;

/**
 * Writes the page that shows what was found, with the images.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE, ABORTED
 */
export async function writePage(
  file: string,
  report: CheckReport,
  { signal, emit }: { signal: AbortSignal; emit: (event: CheckEvent) => void },
): Promise<void> {
  const pictures = await thumbnails(wanted(report), {
    signal,
    onProgress: (done, total) => emit({ kind: 'progress', stage: 'page', done, total }),
  });
  const title = `Check of ${path.basename(report.data)}`;
  const text = page({ title, style: STYLE, body: bodyOf(report, title, pictures) });
  await writeAtomically(file, [Buffer.from(text)]);
}

/** The files whose pictures the page has. */
function wanted({ findings }: CheckReport): string[] {
  const files = new Set<string>();
  const ofKind = new Map<FindingKind, number>();
  for (const { kind, files: own } of findings) {
    for (const file of own.slice(0, FILES_SHOWN)) {
      const count = ofKind.get(kind) ?? 0;
      if (count >= PICTURES_OF_KIND || files.size >= PICTURES || !PICTURED.has(kind)) continue;
      ofKind.set(kind, count + 1);
      files.add(file);
    }
  }
  return [...files];
}

function bodyOf(report: CheckReport, title: string, pictures: ReadonlyMap<string, Thumbnail>): Html {
  const { data, findings } = report;
  const kinds = [...new Set(findings.map(({ kind }) => kind))];
  const of = (kind: FindingKind): Finding[] => findings.filter((one) => one.kind === kind);
  return html`<main>
    <h1>${title}</h1>
    <p class="dim">${data}</p>
    ${numbers(report)}
    ${notDone(report).map(
      ({ what, parts, reason }) => html`<p class="warning">${capital(what)}: ${parts}. ${capital(reason)}.</p>`,
    )}
    ${judged(report)} ${splitTable(report)}
    ${kinds.length === 0 ? html`<p>Nothing was found.</p>` : contents(report, kinds)}
    ${kinds.map((kind) => sectionOf(kind, of(kind), data, pictures))} ${script(report)}
  </main>`;
}

function numbers({ splits, findings }: CheckReport): Html {
  const images = splits.reduce((sum, split) => sum + split.images, 0);
  const classes = new Set(splits.flatMap((split) => split.classes.map(({ name }) => name))).size;
  const severity = (one: Finding['severity']): number => findings.filter((found) => found.severity === one).length;
  return cards([
    ['Images', images],
    ['Classes', classes],
    ['Errors', severity('error')],
    ['Warnings', severity('warning')],
    ['Notes', severity('note')],
  ]);
}

function judged(report: CheckReport): Html | undefined {
  const judgedBy = labelsJudgedBy(report);
  if (judgedBy === undefined) return undefined;
  const { model, images, folds, accuracy, chance } = judgedBy;
  return html`<p>
    Labels were judged by the embeddings of ${model}: a linear classifier on them is right for ${percent(accuracy)} of
    ${images} images, in ${counted(folds, 'part')} of a cross-validation; guessing comes to ${percent(chance)}.
  </p>`;
}

function splitTable({ splits }: CheckReport): Html {
  return scrollable(
    'Splits',
    html`<table>
      <thead>
        <tr>
          <th scope="col">Split</th>
          <th scope="col" class="number">Images</th>
          <th scope="col" class="number">Classes</th>
          <th scope="col" class="number">Fewest</th>
          <th scope="col" class="number">Most</th>
        </tr>
      </thead>
      <tbody>
        ${splits.map(({ name, images, classes }) => {
          const counts = classes.map((one) => one.images);
          return html`<tr>
            <th scope="row">${name}</th>
            <td class="number">${images}</td>
            <td class="number">${classes.length}</td>
            <td class="number">${counts.length === 0 ? '-' : leastOf(counts)}</td>
            <td class="number">${counts.length === 0 ? '-' : mostOf(counts)}</td>
          </tr>`;
        })}
      </tbody>
    </table>`,
  );
}

const severityOf = (kind: FindingKind): Html => {
  const { severity } = KINDS[kind];
  return severity === 'error'
    ? html`<span class="tag bad">${severity}</span>`
    : html`<span class="tag dim">${severity}</span>`;
};

function contents({ counts }: CheckReport, kinds: readonly FindingKind[]): Html {
  return html`${scrollable(
    'Findings',
    html`<table>
      <thead>
        <tr>
          <th scope="col">What was found</th>
          <th scope="col" class="number">Number</th>
          <th scope="col">Severity</th>
        </tr>
      </thead>
      <tbody>
        ${kinds.map(
          (kind) =>
            html`<tr>
              <th scope="row"><a href="${elementUrl(kind)}">${capital(titleOf(kind, counts[kind] ?? 0))}</a></th>
              <td class="number">${counts[kind] ?? 0}</td>
              <td>${severityOf(kind)}</td>
            </tr>`,
        )}
      </tbody>
    </table>`,
  )}`;
}

function script(report: CheckReport): Html | undefined {
  const count = mendable(report.findings);
  if (count === 0) return undefined;
  const lines = scriptLines(report);
  const rest = lines.length - LINES;
  return html`<section>
    <h2>Shell commands</h2>
    <p>
      Nothing was changed. These commands would mend ${counted(count, 'finding')}; those that begin with # want a look
      first. The option --commands prints them.
    </p>
    <pre tabindex="0"><code>${lines.slice(0, LINES).map((line) => html`${line}<br />`)}</code></pre>
    ${rest > 0 ? html`<p class="dim">and ${counted(rest, 'more line')}</p>` : undefined}
  </section>`;
}
