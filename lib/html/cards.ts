import { html, type Html } from './html';

/** A figure in big type: its name, the figure, and a small note beneath it. */
export type Card = readonly [name: string, figure: string | number, note?: string];

/** Figures in big type beside one another. */
export const cards = (all: readonly Card[]): Html =>
  html`<dl class="cards">
    ${all.map(
      ([name, figure, note]) =>
        html`<div>
          <dt>${name}</dt>
          <dd class="big">${figure}</dd>
          ${note === undefined ? undefined : html`<dd class="dim small">${note}</dd>`}
        </div>`,
    )}
  </dl>`;
