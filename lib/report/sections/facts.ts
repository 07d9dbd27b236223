import { html, trusted, type Html } from '../../html/html';
import { scrollable } from '../../html/scrollable';
import { architectureName, kebab } from '../../options';
import { counted } from '../../text/count';
import { duration } from '../../text/duration';
import { percent } from '../../text/percent';
import { commandsOf, givenOptions } from '../commands';
import { shownName, type Section } from '../context';
import { hasDiverged } from '../diverged';
import type { Run } from '../read-run';
import { countsOf } from '../warnings';

/** Unreadable images that are named. */
const NAMED = 20;

/** Images of each class, what was left out, and, where `notes` is not false, what the run said on its way. */
export function dataSection(run: Run, { notes = true }: { notes?: boolean } = {}): Section {
  const { config, data } = run;
  const counts = countsOf(run);
  const sum = (of: 'train' | 'val'): number => counts.reduce((all, one) => all + one[of], 0);
  const unreadable = config.unreadable ?? [];
  const body = html`<p>
      ${counted(counts.length, 'class', 'classes')}, ${sum('train')} training and ${sum('val')} validation images, from
      <code>${config.options.data}</code>.
    </p>
    ${scrollable(
      'Images of each class',
      html`<table class="sortable">
        <thead>
          <tr>
            <th scope="col">Class</th>
            <th scope="col" class="number">Training</th>
            <th scope="col" class="number">Validation</th>
            <th scope="col" class="number">Share of the training images</th>
          </tr>
        </thead>
        <tbody>
          ${counts.map(
            ({ name, train, val }) =>
              html`<tr>
                <th scope="row">${name}</th>
                <td class="number">${train}</td>
                <td class="number">${val}</td>
                <td class="number">${percent(train / Math.max(1, sum('train')))}</td>
              </tr>`,
          )}
        </tbody>
      </table>`,
    )}
    ${
      unreadable.length === 0
        ? undefined
        : html`<p>Without ${counted(unreadable.length, 'image')} that could not be read:</p>
            <ul>
              ${unreadable.slice(0, NAMED).map(({ file, reason }) => html`<li>${shownName(run, file)}: ${reason}</li>`)}
              ${unreadable.length > NAMED ? html`<li>and ${unreadable.length - NAMED} more</li>` : undefined}
            </ul>`
    }
    ${notes ? list('What the run said on its way', data?.notes ?? []) : undefined}`;
  return { id: 'data', title: 'Data set', body };
}

const list = (title: string, lines: readonly string[]): Html | undefined =>
  lines.length === 0
    ? undefined
    : html`<h3>${title}</h3>
        <ul>
          ${lines.map((line) => html`<li>${line}</li>`)}
        </ul>`;

/** What took how long; undefined where the run did not keep it. */
export function timeSection({ data, result }: Run): Section | undefined {
  const phases = (Array.isArray(data?.phases) ? data.phases : []).filter(({ seconds }) => seconds > 0);
  if (phases.length === 0) return undefined;
  const all = phases.reduce((sum, { seconds }) => sum + seconds, 0);
  const body = html`${scrollable(
    'Seconds of each phase',
    html`<table class="times">
      <thead>
        <tr>
          <th scope="col">Phase</th>
          <th scope="col" class="number">Seconds</th>
          <th scope="col" class="number">Share</th>
          <td></td>
        </tr>
      </thead>
      <tbody>
        ${phases.map(
          ({ name, seconds }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td class="number">${seconds.toFixed(1)}</td>
              <td class="number">${percent(seconds / all)}</td>
              <td>${bar(seconds / all)}</td>
            </tr>`,
        )}
      </tbody>
    </table>`,
  )}
  ${result === undefined ? undefined : html`<p class="dim">${duration(result.seconds)} in total, on ${deviceName(result.device)}.</p>`}`;
  return { id: 'time', title: 'Time', body };
}

const bar = (share: number): Html =>
  trusted(
    `<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="10" fill="var(--grid)"/><rect width="${(share * 100).toFixed(2)}" height="10" fill="var(--c0)"/></svg>`,
  );

/** Rules for the bars. */
export const TIME_STYLE = `
.bar { width: 12rem; max-width: 18vw; height: .7rem; } .options td { font-family: ui-monospace, monospace; font-size: .875rem; }
`;

/** What to do next. */
export function commandsSection(run: Run): Section {
  const { folder, config, result, hasModel } = run;
  const body = html`<dl class="commands">
    ${commandsOf(folder, config, result, { hasModel, diverged: hasDiverged(run) }).map(
      ({ what, command }) =>
        html`<dt>${what}</dt>
          <dd>
            <pre><code>${command}</code></pre>
          </dd>`,
    )}
  </dl>`;
  return { id: 'commands', title: 'Commands', body };
}

/** What of a network was trained, and from what: `ResNet-18, all layers trained from scratch`. */
function trainedHow({ arch, weights, trainFrom }: Run['config']['options']): string {
  const network = arch === undefined ? 'A network' : architectureName(arch);
  const layers =
    trainFrom === 'conv1'
      ? 'all layers'
      : trainFrom === 'fc'
        ? 'the last layer (fc) alone'
        : `the layers from ${trainFrom} on`;
  if (weights !== 'none') return `${network} with the weights ${weights}, ${layers} fine-tuned`;
  return `${network}, ${layers} trained ${trainFrom === 'conv1' ? 'from scratch' : 'from scratch, the others left as they were drawn'}`;
}

/** `the CPU`, or the name of a GPU as it is given. */
const deviceName = (device: string): string => (device === 'cpu' ? 'the CPU' : device);

/** What was trained and how: a sentence, and all options. */
export function recipeSection({ config, result, steps, epochs, stepsPerEpoch }: Run): Section {
  const { options, versions } = config;
  const done =
    stepsPerEpoch === undefined
      ? `for ${counted(result?.epochs ?? epochs.length, 'epoch')} (${counted(result?.steps ?? steps.length, 'step')})`
      : `for up to ${counted(options.epochs, 'epoch')} of ${counted(stepsPerEpoch, 'step')}`;
  const changed = Object.entries(givenOptions(options));
  const body = html`<p>
      ${trainedHow(options)} with ${options.optimizer === 'adamw' ? 'AdamW' : 'SGD'} at a learning rate of ${options.lr}
      (${options.schedule}), in batches of ${options.batchSize}, ${done}; seed ${options.seed}, ${options.precision} on
      ${deviceName(options.device)}.
    </p>
    <details>
      <summary>Options that differ from the defaults</summary>
      ${scrollable(
        'Options',
        html`<table class="options">
          <tbody>
            ${changed.map(
              ([name, value]) =>
                html`<tr>
                  <th scope="row"><code>--${kebab(name)}</code></th>
                  <td>${String(value)}</td>
                </tr>`,
            )}
          </tbody>
        </table>`,
      )}
    </details>
    <p class="dim small">
      ${Object.entries(versions ?? {})
        .filter(([, version]) => version !== undefined)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}
    </p>`;
  return { id: 'recipe', title: 'What was trained, and how', body };
}
