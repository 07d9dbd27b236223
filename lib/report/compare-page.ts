import path from 'node:path';
import { linePlot, type Axis, type LinePlot } from '../charts/plot';
import { wilsonInterval } from '../eval/wilson';
import { html } from '../html/html';
import { scrollable } from '../html/scrollable';
import { counted } from '../text/count';
import { duration } from '../text/duration';
import { lossText } from '../text/loss';
import { percent } from '../text/percent';
import { shownName, withInterval, type Section } from './context';
import { mcnemar } from './mcnemar';
import { framed } from './page';
import type { Run } from './read-run';
import type { EpochRecord } from './records';
import { trustOf } from './sections/calibration';
import { lossAxis } from './sections/curves';

/** Below this probability a difference is called one. */
const SIGNIFICANT = 0.05;

/** Several runs in one page: figures, curves over one another, and whether two models differ by more than chance. */
export function comparePage(runs: readonly Run[]): string {
  const names = namesOf(runs);
  return framed({
    title: `${runs.length} runs`,
    lead: names.join(', '),
    top: html``,
    sections: [figures(runs, names), curves(runs, names), ...(runs.length > 1 ? [differences(runs, names)] : [])],
  });
}

/** The names of the folders, with what stands before them where two are the same. */
function namesOf(runs: readonly Pick<Run, 'folder'>[]): string[] {
  const parts = runs.map(({ folder }) => folder.split(path.sep).filter((part) => part !== ''));
  return parts.map((own) => {
    for (let count = 1; count < own.length; count++) {
      const name = own.slice(-count).join('/');
      if (parts.filter((other) => other.slice(-count).join('/') === name).length === 1) return name;
    }
    return own.join('/');
  });
}

function figures(runs: readonly Run[], names: readonly string[]): Section {
  const rows = runs.map(({ scores, result, config, epochs }, i) => {
    const images = scores.images.length;
    const share = scores.correct / images;
    const trust = trustOf(scores);
    const { options } = config;
    return html`<tr>
      <th scope="row">${names[i]}</th>
      ${
        images === 0
          ? html`<td data-value="-1">none yet</td>
              <td data-value="-1">none yet</td>`
          : html`<td data-value="${share}">${withInterval(share, wilsonInterval(scores.correct, images))}</td>
              <td class="number">${lossText(scores.loss)}</td>`
      }
      <td class="number" data-value="${trust?.before.error ?? -1}">
        ${trust === undefined ? '' : percent(trust.before.error)}
      </td>
      <td class="number">
        ${result === undefined ? `${epochs.length}, not finished` : `${result.model.epoch} of ${result.epochs}`}
      </td>
      <td class="number" data-value="${result?.seconds ?? -1}">
        ${result === undefined ? '' : duration(result.seconds)}
      </td>
      <td>${options.arch}</td>
      <td>${options.weights === 'none' ? 'none' : path.basename(options.weights)}</td>
      <td>${options.trainFrom}</td>
      <td class="number">${options.lr}</td>
      <td class="number">${options.batchSize}</td>
    </tr>`;
  });
  const body = scrollable(
    'Figures of the runs',
    html`<table class="sortable">
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">Accuracy (95 %)</th>
          <th scope="col" class="number">Loss</th>
          <th scope="col" class="number">Calibration error</th>
          <th scope="col" class="number">Kept epoch</th>
          <th scope="col" class="number">Time</th>
          <th scope="col">Network</th>
          <th scope="col">Weights</th>
          <th scope="col">Trained from</th>
          <th scope="col" class="number">Rate</th>
          <th scope="col" class="number">Batch</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>`,
  );
  return { id: 'figures', title: 'Figures', body };
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
  const rightOf = runs.map(
    (run) => new Map(run.scores.images.map((image) => [shownName(run, image.file), image.truth === image.predicted])),
  );
  const rows = runs.flatMap((_, i) => runs.slice(i + 1).map((__, k) => pair(i, i + 1 + k)));
  function pair(i: number, j: number) {
    const [first, second] = [rightOf[i], rightOf[j]];
    const shared = [...(first ?? [])].flatMap(([name, right]) => {
      const other = second?.get(name);
      return other === undefined ? [] : [[right, other] as const];
    });
    const { onlyFirst, onlySecond, p } = mcnemar(shared);
    const verdict =
      shared.length === 0
        ? 'no images in common'
        : p < SIGNIFICANT
          ? `${(onlyFirst > onlySecond ? names[i] : names[j]) ?? ''} is better`
          : 'may be chance';
    return html`<tr>
      <th scope="row">${names[i]}<br />${names[j]}</th>
      <td class="number">${shared.length}</td>
      <td class="number">${onlyFirst}</td>
      <td class="number">${onlySecond}</td>
      <td class="number">${shared.length === 0 ? '' : p < 0.0001 ? '< 0.0001' : p.toFixed(4)}</td>
      <td>${verdict}</td>
    </tr>`;
  }
  const body = html`${scrollable(
      'Differences between runs',
      html`<table class="sortable">
        <thead>
          <tr>
            <th scope="col">Runs</th>
            <th scope="col" class="number">Same images</th>
            <th scope="col" class="number">Only the first is right</th>
            <th scope="col" class="number">Only the second is right</th>
            <th scope="col" class="number">p</th>
            <th scope="col">Difference</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>`,
    )}
    <p class="dim small">
      McNemar's test, exact and two-sided, on the validation images that both have: how probable so large a difference
      is where both models are equally good. Below ${SIGNIFICANT} it is called one; of many pairs, some are so by
      chance.
    </p>`;
  return { id: 'differences', title: 'Do they differ?', body };
}
