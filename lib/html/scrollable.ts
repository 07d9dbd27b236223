import { html, type Html } from './html';

/** What may be wider than a phone: scrolled by itself, by keyboard too. `label` tells a screen reader what it is. */
export const scrollable = (label: string, content: Html): Html =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${content}</div>`;
