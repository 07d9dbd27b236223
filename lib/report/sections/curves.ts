import { linePlot, type Axis, type Curve } from '../../charts/plot';
import { html, type Html } from '../../html/html';
import { scrollable } from '../../html/scrollable';
import { percent } from '../../text/percent';
import type { Section } from '../context';
import type { Run } from '../read-run';
import type { StepRecord } from '../records';

/** Points of a curve of steps. */
const MOST_POINTS = 300;

type Point = readonly [number, number];

/** Of each step, its place in epochs: the last of the first epoch is at 1. */
function places(steps: readonly StepRecord[]): number[] {
  const counts = new Map<number, number>();
  const within = steps.map(({ epoch }) => {
    const count = (counts.get(epoch) ?? 0) + 1;
    counts.set(epoch, count);
    return count;
  });
  const perEpoch = Math.max(1, ...counts.values());
  return steps.map(({ epoch }, i) => epoch - 1 + (within[i] ?? 0) / perEpoch);
}

/** Means of neighbours, so that there are no more than so many points. */
function thinned(points: readonly Point[]): Point[] {
  const each = Math.ceil(points.length / MOST_POINTS);
  if (each <= 1) return [...points];
  return Array.from({ length: Math.ceil(points.length / each) }, (_, i) => {
    const some = points.slice(i * each, (i + 1) * each);
    const mean = (of: 0 | 1): number => some.reduce((sum, point) => sum + point[of], 0) / some.length;
    return [mean(0), mean(1)] as const;
  });
}

const finite = (points: readonly Point[]): Point[] => points.filter(([, y]) => Number.isFinite(y));

/** The losses of the batches, as a curve behind that of the epochs. */
function stepLosses({ steps }: Pick<Run, 'steps'>, behind: number): Curve {
  const x = places(steps);
  return { name: 'batches', points: thinned(finite(steps.map(({ loss }, i) => [x[i] ?? 0, loss]))), behind };
}

/** How many times the middle one the greatest loss may be before an axis in equal steps would show nothing else. */
const SPREAD = 8;

/** The axis of losses: from 0, or logarithmic where few are much greater than the others, as at the start of a training. */
export function lossAxis(losses: readonly number[]): Axis {
  const sorted = losses.filter(Number.isFinite).sort((a, b) => a - b);
  const [least = 0, middle = 0, most = 0] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  return least > 0 && most > SPREAD * middle ? { name: 'loss', log: true, figures: 'short' } : { name: 'loss', min: 0 };
}

/** Loss, accuracy and learning rate over the epochs. */
export function curvesSection({ steps, epochs, result }: Run): Section {
  const of = (value: (record: Run['epochs'][number]) => number): Point[] =>
    finite(epochs.map((record) => [record.epoch, value(record)]));
  const marks = result === undefined || epochs.length < 2 ? [] : [{ x: result.model.epoch, name: 'kept' }];
  const axis = { name: 'epoch', min: 0, whole: true };
  const last = epochs.at(-1);
  const fell = (what: string, from: number | undefined, to: number | undefined): string =>
    `${what} ${from?.toFixed(3) ?? '?'} after the first epoch and ${to?.toFixed(3) ?? '?'} after the last`;
  const x = places(steps);
  const rates = steps.map(({ lr }, i): Point => [x[i] ?? 0, lr]);
  const y = lossAxis(epochs.flatMap((one) => [one.trainLoss, one.valLoss]));
  const loss = linePlot({
    ...{ id: 'loss-plot', title: y.log === true ? 'Loss (logarithmic)' : 'Loss', x: axis, y, marks },
    description: `${fell('Training loss', epochs[0]?.trainLoss, last?.trainLoss)}; ${fell('validation loss', epochs[0]?.valLoss, last?.valLoss)}.`,
    curves: [
      { name: 'training', points: of(({ trainLoss }) => trainLoss) },
      { name: 'validation', points: of(({ valLoss }) => valLoss) },
      stepLosses({ steps }, 0),
    ],
  });
  const accuracy = linePlot({
    ...{ id: 'accuracy-plot', title: 'Accuracy', x: axis, y: { name: 'accuracy', max: 1, figures: 'percent' }, marks },
    description: `${fell('Training accuracy', epochs[0]?.trainAccuracy, last?.trainAccuracy)}; ${fell('validation accuracy', epochs[0]?.valAccuracy, last?.valAccuracy)}.`,
    curves: [
      { name: 'training', points: of(({ trainAccuracy }) => trainAccuracy) },
      { name: 'validation', points: of(({ valAccuracy }) => valAccuracy) },
    ],
  });
  const rate = linePlot({
    ...{
      id: 'rate-plot',
      title: 'Learning rate',
      x: axis,
      y: { name: 'learning rate', min: 0, figures: 'short' },
    },
    description: `From ${rates[0]?.[1] ?? 0} to ${rates.at(-1)?.[1] ?? 0}.`,
    curves: [{ name: 'learning rate', points: thinned(rates) }],
  });
  const body =
    steps.length === 0
      ? html`<p class="dim">The run has not done a step.</p>`
      : html`<div class="charts">${epochs.length === 0 ? undefined : [loss, accuracy]}${rate}</div>
          ${epochTable(epochs, result?.model.epoch)}`;
  return { id: 'curves', title: 'Curves', body };
}

function epochTable(epochs: Run['epochs'], kept: number | undefined): Html | undefined {
  if (epochs.length === 0) return undefined;
  return html`<details>
    <summary>Figures of each epoch</summary>
    ${scrollable(
      'Figures of each epoch',
      html`<table class="sortable">
        <thead>
          <tr>
            <th scope="col" class="number">Epoch</th>
            <th scope="col" class="number">Training loss</th>
            <th scope="col" class="number">Training accuracy</th>
            <th scope="col" class="number">Validation loss</th>
            <th scope="col" class="number">Validation accuracy</th>
            <th scope="col" class="number">Seconds</th>
          </tr>
        </thead>
        <tbody>
          ${epochs.map(
            (one) =>
              html`<tr>
                <th scope="row" class="number">${one.epoch}${one.epoch === kept ? ' (kept)' : ''}</th>
                <td class="number">${one.trainLoss.toFixed(4)}</td>
                <td class="number">${percent(one.trainAccuracy)}</td>
                <td class="number">${one.valLoss.toFixed(4)}</td>
                <td class="number">${percent(one.valAccuracy)}</td>
                <td class="number">${one.seconds.toFixed(1)}</td>
              </tr>`,
          )}
        </tbody>
      </table>`,
    )}
  </details>`;
}
