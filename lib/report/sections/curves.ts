import type { Axis } from '../../charts/axis';
import { linePlot, type Curve } from '../../charts/plot';
import { html, type Html } from '../../html/html';
import { scrollable } from '../../html/scrollable';
import { lossText } from '../../text/loss';
import { percent } from '../../text/percent';
import type { Section } from '../context';
import type { Run } from '../read-run';
import type { StepRecord } from '../records';

/** Points of a curve of steps. */
const MOST_POINTS = 300;

type Point = readonly [number, number];

type CurveParts = Pick<Run, 'steps' | 'epochs' | 'result' | 'data'> & { stepsPerEpoch?: number | undefined };

/** Steps of an epoch: told by a run that goes on, else those of the longest epoch; of a run that was stopped within its first, those that this was to have. */
function stepsOfEpoch({ steps, epochs, stepsPerEpoch, data }: CurveParts): number {
  const told = stepsPerEpoch ?? (epochs.length === 0 ? data?.stepsPerEpoch : undefined);
  if (told !== undefined) return told;
  const counts = new Map<number, number>();
  for (const { epoch } of steps) counts.set(epoch, (counts.get(epoch) ?? 0) + 1);
  // Not spread into arguments: there may be more epochs than a call takes.
  return [...counts.values()].reduce((most, one) => Math.max(most, one), 1);
}

/** Of each step, its place in epochs: the last of the first epoch is at 1. */
function places(run: CurveParts): number[] {
  const perEpoch = stepsOfEpoch(run);
  return run.steps.map(({ step }) => step / perEpoch);
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
function stepLosses(steps: readonly StepRecord[], x: readonly number[]): Curve {
  return { name: 'batches', points: thinned(finite(steps.map(({ loss }, i) => [x[i] ?? 0, loss]))) };
}

/** How many times the middle one the greatest loss may be before an axis in equal steps would show nothing else. */
const SPREAD = 8;

/** From so great a loss on, the figures of its axis are written with an exponent: all their digits have no room. */
const LONG = 1e4;

/** The axis of losses: from 0, or logarithmic where few are much greater than the others, as at the start of a training. */
export function lossAxis(losses: readonly number[]): Axis {
  const sorted = losses.filter(Number.isFinite).sort((a, b) => a - b);
  const [least = 0, middle = 0, most = 0] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  if (least > 0 && most > SPREAD * middle) return { name: 'loss', log: true, figures: 'short' };
  return { name: 'loss', min: 0, ...(most >= LONG ? { figures: 'short' } : {}) };
}

/** The axis of epochs; of a run that is within its first the whole of it. */
function epochAxis(x: readonly number[]): Axis {
  return { name: 'epoch', min: 0, whole: true, ...((x.at(-1) ?? 0) < 1 ? { max: 1 } : {}) };
}

/** A figure of each epoch, as points. */
const points = ({ epochs }: CurveParts, value: (record: Run['epochs'][number]) => number): Point[] =>
  finite(epochs.map((record) => [record.epoch, value(record)]));

/** The epoch whose weights were kept. */
const marks = ({ epochs, result }: CurveParts): { x: number; name: string }[] =>
  result === undefined || epochs.length < 2 ? [] : [{ x: result.model.epoch, name: 'kept' }];

const wentFrom = (what: string, from: string, to: string): string =>
  `${what} ${from} after the first epoch and ${to} after the last`;

/** Loss, accuracy and learning rate over the epochs, of a run that goes on as far as it has come. */
export function curvesSection(run: CurveParts): Section {
  const { steps, epochs, result } = run;
  const x = places(run);
  const body =
    steps.length === 0
      ? html`<p class="dim">${withoutSteps(result)}</p>`
      : html`<div class="charts">
            ${lossPlot(run, x)}${epochs.length === 0 ? undefined : accuracyPlot(run, x)}${ratePlot(run, x)}
          </div>
          ${epochTable(epochs, result?.model.epoch)}`;
  return { id: 'curves', title: 'Curves', body };
}

/** Why there are no curves: a run that has come to its end has done steps. */
const withoutSteps = (result: Run['result']): string =>
  result === undefined ? 'The run has not done a step.' : 'metrics.jsonl is missing or empty, so there are no curves.';

function lossPlot(run: CurveParts, x: readonly number[]): Html {
  const { steps, epochs } = run;
  const batches = stepLosses(steps, x);
  const [first, last] = [epochs[0], epochs.at(-1)];
  if (first === undefined || last === undefined) {
    const y = lossAxis(steps.map(({ loss }) => loss));
    const description = `The loss of the batches went from ${lossText(steps[0]?.loss ?? NaN)} to ${lossText(steps.at(-1)?.loss ?? NaN)}.`;
    return linePlot({
      id: 'loss-plot',
      title: 'Loss of the batches',
      x: epochAxis(x),
      y,
      description,
      curves: [batches],
    });
  }
  const y = lossAxis(epochs.flatMap((one) => [one.trainLoss, one.valLoss]));
  return linePlot({
    id: 'loss-plot',
    title: y.log === true ? 'Loss (logarithmic)' : 'Loss',
    ...{ x: epochAxis(x), y, marks: marks(run) },
    description: `${wentFrom('Training loss', lossText(first.trainLoss), lossText(last.trainLoss))}; ${wentFrom('validation loss', lossText(first.valLoss), lossText(last.valLoss))}.`,
    curves: [
      { name: 'training', points: points(run, ({ trainLoss }) => trainLoss) },
      { name: 'validation', points: points(run, ({ valLoss }) => valLoss) },
      { ...batches, behind: 0 },
    ],
  });
}

function accuracyPlot(run: CurveParts, x: readonly number[]): Html {
  const went = (what: string, of: (record: Run['epochs'][number]) => number): string => {
    const [from = '', to = ''] = [run.epochs.at(0), run.epochs.at(-1)].map((one) => one && percent(of(one)));
    return wentFrom(what, from, to);
  };
  return linePlot({
    id: 'accuracy-plot',
    title: 'Accuracy',
    ...{ x: epochAxis(x), y: { name: 'accuracy', max: 1, figures: 'percent' }, marks: marks(run) },
    description: `${went('Training accuracy', (one) => one.trainAccuracy)}; ${went('validation accuracy', (one) => one.valAccuracy)}.`,
    curves: [
      { name: 'training', points: points(run, ({ trainAccuracy }) => trainAccuracy) },
      { name: 'validation', points: points(run, ({ valAccuracy }) => valAccuracy) },
    ],
  });
}

function ratePlot({ steps }: CurveParts, x: readonly number[]): Html {
  const [first = 0, last = 0] = [steps[0]?.lr, steps.at(-1)?.lr];
  const constant = steps.every(({ lr }) => lr === first);
  return linePlot({
    id: 'rate-plot',
    title: 'Learning rate',
    ...{ x: epochAxis(x), y: { name: 'learning rate', min: 0, figures: 'short' } },
    description: constant ? `Constant at ${first}.` : `From ${first} to ${last}.`,
    curves: [{ name: 'learning rate', points: thinned(steps.map(({ lr }, i) => [x[i] ?? 0, lr])) }],
  });
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
                <td class="number">${lossText(one.trainLoss)}</td>
                <td class="number">${percent(one.trainAccuracy)}</td>
                <td class="number">${lossText(one.valLoss)}</td>
                <td class="number">${percent(one.valAccuracy)}</td>
                <td class="number">${one.seconds.toFixed(1)}</td>
              </tr>`,
          )}
        </tbody>
      </table>`,
    )}
  </details>`;
}
