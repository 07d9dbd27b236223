import { barPlot } from '../../charts/plot';
import { html, type Html } from '../../html/html';
import { counted } from '../../text/count';
import { lossText } from '../../text/loss';
import { percent } from '../../text/percent';
import {
  BINS,
  calibrate,
  isTold,
  reliabilityOfLogits,
  type Calibration,
  type Reliability,
} from '../../eval/calibration';
import { FEWEST_IMAGES } from '../../eval/fit-calibration';
import { calibrateCommand } from '../commands';
import type { Section } from '../context';
import type { Run } from '../read-run';
import type { Scores } from '../scores';

/** How far a model's probabilities can be trusted. */
export interface Trust {
  /** As trained. */
  before: Reliability;
  /** What a temperature would do to them; undefined where the probabilities do not tell one. */
  fitted: Calibration | undefined;
}

/** How far a model's probabilities can be trusted; undefined where there are too few images, or too many to keep. */
export async function trustOf(scores: Scores): Promise<Trust | undefined> {
  if (!isJudged(scores)) return undefined;
  const { logits, beyond } = scores;
  const targets = targetsOf(scores);
  // By what stands for a probability of 0, a temperature would be fitted that the model's own numbers do not have.
  if (beyond > 0) return { before: reliabilityOfLogits(logits, targets), fitted: undefined };
  const fitted = await calibrate(logits, targets);
  return { before: fitted.before, fitted };
}

/** The same without a temperature, whose fitting is what takes long. */
export function reliabilityOfScores(scores: Scores): Reliability | undefined {
  return isJudged(scores) ? reliabilityOfLogits(scores.logits, targetsOf(scores)) : undefined;
}

const isJudged = ({ images, logits }: Scores): boolean =>
  images.length >= FEWEST_IMAGES && logits.length === images.length;

const targetsOf = ({ images }: Scores): number[] => images.map(({ truth }) => truth);

/** Reliability diagram, expected calibration error, and the temperature. */
export function calibrationSection(run: Run, trust: Trust | undefined): Section | undefined {
  if (trust === undefined) return unjudged(run);
  const { fitted } = trust;
  const body = html`<div class="charts">
    ${plot(trust)}
    <div>
      ${figures(run.scores, trust)}
      ${
        fitted === undefined
          ? withoutTemperature(run)
          : html`<p>
                Fitted temperature: <strong>${fitted.temperature.toFixed(3)}</strong>. ${meaning(fitted.temperature)}
              </p>
              ${keeping(run, fitted.temperature)}`
      }
      <p class="dim small">
        ${BINS} bins of equal
        width${
          fitted === undefined
            ? '.'
            : '; the logits are divided by the temperature with the least loss (Guo et al. 2017, arXiv:1706.04599). The figures with the temperature are cross-fitted: the images are divided into five parts, and each part gets a temperature that was fitted on the other four.'
        }
      </p>
    </div>
  </div>`;
  return { ...HEAD, body };
}

const HEAD = { id: 'calibration', title: 'How far to trust the probabilities' };

/** Where there are too many probabilities: that, and what fits a temperature all the same. */
function unjudged({ folder, scores: { images, classes } }: Run): Section | undefined {
  if (images.length < FEWEST_IMAGES) return undefined;
  const body = html`<p>
      The probabilities of ${images.length} images and ${classes.length} classes are too many for this page. The
      following command tells how far they can be trusted, and keeps a temperature in the model:
    </p>
    <pre><code>${calibrateCommand(folder)}</code></pre>`;
  return { ...HEAD, body };
}

function plot({ before, fitted }: Trust): Html {
  const accuracies = ({ bins }: Reliability): (number | undefined)[] =>
    bins.map((bin) => (bin.images === 0 ? undefined : bin.accuracy));
  return barPlot({
    ...{ id: 'reliability-plot', title: 'Reliability', x: 'probability of the predicted class' },
    description: `Of images whose class was predicted with a certain probability, the share that was right. ${before.bins
      .filter(({ images }) => images > 0)
      .map((bin) => `${counted(bin.images, 'image')} with ${percent(bin.confidence)}: ${percent(bin.accuracy)} right`)
      .join('; ')}.`,
    barName: 'right',
    bars: accuracies(before),
    curves: [
      { name: 'if probabilities were exact', values: before.bins.map(({ low, high }) => (low + high) / 2) },
      ...(fitted === undefined ? [] : [{ name: 'right, with the temperature', values: accuracies(fitted.after) }]),
    ],
  });
}

function figures({ images, loss }: Scores, { before, fitted }: Trust): Html {
  const row = (name: string, plain: string, scaled: string | undefined): Html =>
    html`<tr>
      <th scope="row">${name}</th>
      <td class="number">${plain}</td>
      ${scaled === undefined ? undefined : html`<td class="number">${scaled}</td>`}
    </tr>`;
  return html`<table>
    <thead>
      <tr>
        <th scope="col">${images.length} images</th>
        <th scope="col" class="number">As trained</th>
        ${fitted === undefined ? undefined : html`<th scope="col" class="number">With the temperature</th>`}
      </tr>
    </thead>
    <tbody>
      ${row('Expected calibration error', percent(before.error), fitted && percent(fitted.after.error))}
      ${row('Loss', lossText(loss), fitted && lossText(fitted.loss.after))}
    </tbody>
  </table>`;
}

/** Why no temperature is shown, and how to have one. */
function withoutTemperature({ folder, scores, temperature: kept }: Run): Html {
  const one = scores.beyond === 1;
  return html`<p>
      ${counted(scores.beyond, 'image')} ${one ? 'has' : 'have'} the probability 0 for ${one ? 'its' : 'their'} true
      class, so that no temperature can be fitted to these probabilities.
      ${
        kept === undefined
          ? 'The following command computes what the network gives for them, and fits one to that:'
          : html`The model carries the temperature <strong>${kept.toFixed(3)}</strong>.`
      }
    </p>
    ${kept === undefined ? html`<pre><code>${calibrateCommand(folder)}</code></pre>` : undefined}`;
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
  if (!isTold(temperature)) return 'It is at the limit of the search range; these images do not determine it.';
  if (temperature > 1.05) return 'Above 1: the model is more confident than it should be.';
  if (temperature < 0.95) return 'Below 1: the model is less confident than it could be.';
  return 'Close to 1: the probabilities are about right.';
}
