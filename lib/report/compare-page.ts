import path from 'node:path';
import type { Axis } from '../charts/axis';
import { linePlot, type LinePlot } from '../charts/plot';
import { wilsonInterval } from '../eval/wilson';
import { html, type Html } from '../html/html';
import { generatorMark } from '../html/page';
import { scrollable } from '../html/scrollable';
import { counted } from '../text/count';
import { duration } from '../text/duration';
import { lossText } from '../text/loss';
import { percent } from '../text/percent';
import { withInterval, type Section } from './context';
import { mcnemar, type McNemar } from './mcnemar';
import { framed } from './page';
import type { Run } from './read-run';
import type { EpochRecord } from './records';
import { reliabilityOfScores } from './sections/calibration';
import { commonImages, shownImages, type ShownImages } from './same-images';
import { lossAxis } from './sections/curves';

/** Below this probability a difference is called significant. */
const SIGNIFICANT = 0.05;

/** By which a page of several runs is told from others, also from that of a run of the name "2 runs". */
const COMPARISON = 'resnet-ft: comparison of runs';

/** Whether a file holds a page of {@link comparePage}. */
export function isComparePage(text: string): boolean {
  const mark = text.indexOf(generatorMark(COMPARISON));
  return mark >= 0 && mark < text.indexOf('<title>');
}

/** Several runs in one page: figures, curves over one another, and whether two models differ by more than chance. */
export function comparePage(runs: readonly Run[]): string {
  const names = namesOf(runs);
  return framed({
    title: `${runs.length} runs`,
    generator: COMPARISON,
    lead: names.join(', '),
    top: html``,
    sections: [figures(runs, names), curves(runs, names), ...(runs.length > 1 ? [differences(runs, names)] : [])],
  });
}

/** The names of the folders, with what stands before them where two are the same; the whole path where another one ends as it does. */
function namesOf(runs: readonly Pick<Run, 'folder'>[]): string[] {
  const parts = runs.map(({ folder }) => folder.split(path.sep).filter((part) => part !== ''));
  return parts.map((own, i) => {
    for (let count = 1; count < own.length; count++) {
      const name = own.slice(-count).join('/');
      if (parts.filter((other) => other.slice(-count).join('/') === name).length === 1) return name;
    }
    return runs[i]?.folder ?? '';
  });
}

const UNKNOWN = '\u2013';

/** A column of the table of figures. */
interface Column {
  title: string;
  number?: boolean;
  /** Of a run: what is shown, and what it is sorted by where that is another; undefined where it is not known. */
  of: (run: Run) => { shown: string; sortedBy?: number } | undefined;
}

const COLUMNS: readonly Column[] = [
  {
    title: 'Accuracy (95\u00a0% interval)',
    of: ({ scores: { images, correct } }) =>
      images.length === 0
        ? undefined
        : {
            shown: withInterval(correct / images.length, wilsonInterval(correct, images.length)),
            sortedBy: correct / images.length,
          },
  },
  {
    title: 'Loss',
    number: true,
    of: ({ scores }) =>
      scores.images.length === 0 ? undefined : { shown: lossText(scores.loss), sortedBy: scores.loss },
  },
  {
    title: 'Calibration error',
    number: true,
    of: ({ scores }) => {
      const error = reliabilityOfScores(scores)?.error;
      return error === undefined ? undefined : { shown: percent(error), sortedBy: error };
    },
  },
  {
    title: 'Kept epoch',
    number: true,
    of: ({ result, epochs }) => ({
      shown: result === undefined ? `${epochs.length}, not finished` : `${result.model.epoch} of ${result.epochs}`,
    }),
  },
  {
    title: 'Time',
    number: true,
    of: ({ result }) => result && { shown: duration(result.seconds), sortedBy: result.seconds },
  },
  { title: 'Network', of: ({ config }) => ({ shown: config.options.arch ?? UNKNOWN }) },
  {
    title: 'Weights',
    of: ({ config: { options } }) => ({ shown: options.weights === 'none' ? 'none' : path.basename(options.weights) }),
  },
  { title: 'Trained from', of: ({ config }) => ({ shown: config.options.trainFrom }) },
  { title: 'Rate', number: true, of: ({ config }) => ({ shown: String(config.options.lr) }) },
  { title: 'Batch', number: true, of: ({ config }) => ({ shown: String(config.options.batchSize) }) },
];

function figures(runs: readonly Run[], names: readonly string[]): Section {
  const columns = COLUMNS.map(({ of, ...column }) => ({ ...column, cells: runs.map(of) })).filter(({ cells }) =>
    cells.some((cell) => cell !== undefined),
  );
  const body = scrollable(
    'Figures of the runs',
    html`<table class="sortable compared">
      <thead>
        <tr>
          <th scope="col">Run</th>
          ${columns.map(({ title, number }) => html`<th scope="col" class="${number === true ? 'number' : 'text'}">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${runs.map(
          (_, i) =>
            html`<tr>
              <th scope="row">${names[i]}</th>
              ${columns.map(({ number, cells }) => cellOf(cells[i], number === true ? 'number' : 'text'))}
            </tr>`,
        )}
      </tbody>
    </table>`,
  );
  return { id: 'figures', title: 'Figures', body };
}

function cellOf(cell: ReturnType<Column['of']>, kind: 'number' | 'text'): Html {
  if (cell === undefined) return html`<td class="${kind}" data-value="-1">${UNKNOWN}</td>`;
  const { shown, sortedBy } = cell;
  return sortedBy === undefined
    ? html`<td class="${kind}">${shown}</td>`
    : html`<td class="${kind}" data-value="${sortedBy}">${shown}</td>`;
}

function curves(runs: readonly Run[], names: readonly string[]): Section {
  const plot = (
    [id, title]: readonly [string, string],
    y: Axis,
    of: (record: EpochRecord) => number,
    shown: (value: number) => string,
  ): LinePlot => ({
    ...{ id, title, y, x: { name: 'epoch', min: 0, whole: true } },
    description: runs
      .map(
        ({ epochs }, i) =>
          `${names[i] ?? ''}: ${epochs.map((one) => shown(of(one))).at(-1) ?? 'nothing yet'} after ${counted(epochs.length, 'epoch')}`,
      )
      .join('; '),
    curves: runs.map(({ epochs }, i) => ({
      name: names[i] ?? '',
      points: epochs.map((one) => [one.epoch, of(one)] as const).filter(([, value]) => Number.isFinite(value)),
    })),
  });
  const body = html`<div class="charts">
    ${[
      plot(
        ['val-accuracy', 'Validation accuracy'],
        { name: 'accuracy', max: 1, figures: 'percent' },
        (one) => one.valAccuracy,
        percent,
      ),
      plot(
        ['val-loss', 'Validation loss'],
        lossAxis(runs.flatMap(({ epochs }) => epochs.map(({ valLoss }) => valLoss))),
        (one) => one.valLoss,
        lossText,
      ),
      plot(
        ['train-loss', 'Training loss'],
        lossAxis(runs.flatMap(({ epochs }) => epochs.map(({ trainLoss }) => trainLoss))),
        (one) => one.trainLoss,
        lossText,
      ),
    ].map(linePlot)}
  </div>`;
  return { id: 'curves', title: 'Curves', body };
}

function differences(runs: readonly Run[], names: readonly string[]): Section {
  const images = runs.map(shownImages);
  const pairs = runs.flatMap((_, i) => runs.slice(i + 1).map((__, k) => pair(i, i + 1 + k)));
  function pair(i: number, j: number) {
    const { same, others } = commonImages(images[i] as ShownImages, images[j] as ShownImages);
    const finished = runs[i]?.result !== undefined && runs[j]?.result !== undefined;
    const pairNames = [names[i] ?? '', names[j] ?? ''] as const;
    return { names: pairNames, finished, shared: same.length, others, ...mcnemar(same) };
  }
  const id = 'differences';
  const title = 'Do they differ?';
  if (pairs.every(({ shared, others }) => shared + others === 0)) {
    const body = html`<p>
      No two of these runs are finished and have validation images in common, so that they can't be compared.
    </p>`;
    return { id, title, body };
  }
  const body = html`${scrollable(
      'Differences between runs',
      html`<table class="sortable compared">
        <thead>
          <tr>
            <th scope="col">Runs</th>
            <th scope="col" class="number">Same images</th>
            <th scope="col" class="number">Only first right</th>
            <th scope="col" class="number">Only second right</th>
            <th scope="col" class="number">p</th>
            <th scope="col">Difference</th>
          </tr>
        </thead>
        <tbody>
          ${pairs.map(differenceRow)}
        </tbody>
      </table>`,
    )}
    <p class="dim small">
      McNemar's test, exact and two-sided, on the validation images that both runs have: those of the same path, and
      those of classes in which both had files of the same names and sizes. p is the probability of a difference at
      least this large if both models were equally good. Below ${SIGNIFICANT} the difference is called significant;
      among many pairs, some will be significant by chance alone.
    </p>`;
  return { id, title, body };
}

function differenceRow({
  names: [first, second],
  finished,
  shared,
  others,
  onlyFirst,
  onlySecond,
  p,
}: McNemar & { names: readonly [string, string]; finished: boolean; shared: number; others: number }): Html {
  const head = html`<th scope="row">${first}<br />${second}</th>`;
  if (shared === 0) {
    const dash = html`<td class="number" data-value="-1">${UNKNOWN}</td>`;
    return html`<tr>
      ${head}
      <td class="number">0</td>
      ${dash}${dash}${dash}
      <td>${!finished ? 'not finished' : others > 0 ? 'other images of the same names' : 'no images in common'}</td>
    </tr>`;
  }
  const count =
    others === 0 ? shared : html`${shared}<br /><span class="dim small">${others} others of the same names</span>`;
  const better = onlyFirst > onlySecond ? first : second;
  return html`<tr>
    ${head}
    <td class="number" data-value="${shared}">${count}</td>
    <td class="number">${onlyFirst}</td>
    <td class="number">${onlySecond}</td>
    <td class="number" data-value="${p}">${p < 0.0001 ? '< 0.0001' : p.toFixed(4)}</td>
    <td>${p < SIGNIFICANT ? html`${better} is better` : 'may be chance'}</td>
  </tr>`;
}
