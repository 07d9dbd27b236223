import { barPlot } from '../../charts/plot';
import { html, type Html } from '../../html/html';
import { percent } from '../../text/percent';
import { BINS, calibrate, isTold, type Calibration, type Reliability } from '../../eval/calibration';
import { FEWEST_IMAGES } from '../../eval/fit-calibration';
import { calibrateCommand } from '../commands';
import type { Section } from '../context';
import type { Run } from '../read-run';
import type { Scores } from '../scores';

/** What a temperature would do to a model's probabilities; undefined where there are too few images, or too many to keep. */
export function calibrationOf({ images, logits }: Scores): Calibration | undefined {
  if (images.length < FEWEST_IMAGES || logits.length < images.length) return undefined;
  return calibrate(
    logits,
    images.map(({ truth }) => truth),
  );
}

/** Reliability diagram, expected calibration error, and the temperature. */
export function calibrationSection(run: Run, calibration: Calibration | undefined): Section | undefined {
  if (calibration === undefined) return undefined;
  const { scores } = run;
  const { before, after, temperature, loss } = calibration;
  const accuracies = ({ bins }: Reliability): (number | undefined)[] =>
    bins.map((bin) => (bin.images === 0 ? undefined : bin.accuracy));
  const first = before.bins.findIndex(({ images }) => images > 0);
  const from = Math.max(0, first);
  const plot = barPlot({
    ...{ id: 'reliability-plot', title: 'Reliability', x: 'probability of the class that was said' },
    description: `Of images whose class was said with a certain probability, the share that was right. ${before.bins
      .filter(({ images }) => images > 0)
      .map((bin) => `${bin.images} images with ${percent(bin.confidence)}: ${percent(bin.accuracy)} right`)
      .join('; ')}.`,
    labels: before.bins.slice(from).map(({ high }) => `${Math.round(high * 100)} %`),
    barName: 'right',
    bars: accuracies(before).slice(from),
    curves: [
      { name: 'if probabilities were exact', values: before.bins.slice(from).map(({ low, high }) => (low + high) / 2) },
      { name: 'right, with the temperature', values: accuracies(after).slice(from) },
    ],
  });
  const body = html`<div class="charts">
    ${plot}
    <div>
      <table>
        <thead>
          <tr>
            <th scope="col">${scores.images.length} images</th>
            <th scope="col" class="number">As trained</th>
            <th scope="col" class="number">With the temperature</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Expected calibration error</th>
            <td class="number">${percent(before.error)}</td>
            <td class="number">${percent(after.error)}</td>
          </tr>
          <tr>
            <th scope="row">Loss</th>
            <td class="number">${loss.before.toFixed(4)}</td>
            <td class="number">${loss.after.toFixed(4)}</td>
          </tr>
        </tbody>
      </table>
      <p>Fitted temperature: <strong>${temperature.toFixed(3)}</strong>. ${meaning(temperature)}</p>
      ${keeping(run, temperature)}
      <p class="dim small">
        ${BINS} bins of equal width; logits divided by the temperature of the least loss (Guo et al. 2017,
        arXiv:1706.04599). The figures with it are of images that it was not fitted on, in five parts.
      </p>
    </div>
  </div>`;
  return { id: 'calibration', title: 'How far to trust the probabilities', body };
}

/** Whether the model has a temperature, or how it would. */
function keeping({ folder, temperature: kept }: Run, fitted: number): Html | undefined {
  if (kept !== undefined) {
    return html`<p>
      The model is calibrated: it carries the temperature <strong>${kept.toFixed(3)}</strong>, and the probabilities of
      images on this page are calibrated by it.
    </p>`;
  }
  if (!isTold(fitted)) return undefined;
  return html`<p>To keep it in the model, so that its probabilities are calibrated from then on:</p>
    <pre><code>${calibrateCommand(folder)}</code></pre>`;
}

function meaning(temperature: number): string {
  if (!isTold(temperature)) return 'It stands at the end of what is looked for: these images do not tell it.';
  if (temperature > 1.05) return 'Above 1: the model is surer than it should be.';
  if (temperature < 0.95) return 'Below 1: the model is less sure than it could be.';
  return 'Close to 1: the probabilities are about right.';
}
