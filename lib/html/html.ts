import { escapeMarkup } from '../text/markup';
import { contextsOf, type Context } from './context';
import { isolated } from './isolate';
import { Url } from './url';

/** Markup that is complete and safe to put into a page. Made by {@link html}, or by {@link trusted} of what we wrote ourselves. */
export class Html {
  private constructor(private readonly markup: string) {}

  toString(): string {
    return this.markup;
  }

  /** For {@link html} and {@link trusted}. */
  static of(markup: string): Html {
    return new Html(markup);
  }
}

/** What may stand in a template. What is empty (`undefined`, `null`, `false`) leaves nothing. */
export type Value = Html | Url | string | number | false | null | undefined | readonly Value[];

/** Markup that holds no text of others, such as a drawing of ours whose texts are escaped. */
export const trusted = (markup: string): Html => Html.of(markup);

/**
 * Markup from a template. Texts are escaped, wherever they stand: names of files and classes may be anything. Controls, and what turns the direction
 * of text, are shown as `\xNN` (`lib/text/printable.ts`); words that are written from right to left turn nothing beside them. An address (`href`, `src`) must be a {@link Url}.
 *
 *     html`<p title="${name}">${name}</p>${rows.map((row) => html`<li>${row}</li>`)}`
 *
 * @throws Error where escaping would not make a text safe: in a tag beside its quoted attributes, in an attribute that is script, style or an
 *   address, in a comment, and in `<script>` or `<style>`. That depends on the template alone, and not on what stands in it.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  const contexts = contextsOf(parts);
  const markup = values.map((value, i) => `${parts[i] ?? ''}${shown(value, contexts[i] ?? 'text')}`);
  return Html.of(markup.join('') + (parts[values.length] ?? ''));
}

function shown(value: Value, context: Context): string {
  if (value === undefined || value === null || value === false) return '';
  if (typeof value === 'object' && Array.isArray(value))
    return (value as readonly Value[]).map((one) => shown(one, context)).join('');
  if (value instanceof Url) {
    if (context !== 'address') throw new Error('an address stands in href="…" or src="…" only');
    return escapeMarkup(value.text);
  }
  if (value instanceof Html) {
    if (context === 'text' || context === 'tag') return value.toString();
    throw new Error('markup does not stand in an attribute');
  }
  if (context === 'address') throw new Error('an address is made by a function of lib/html/url.ts');
  if (context === 'tag') throw new Error('in a tag texts stand in quoted attributes only');
  const escaped = escapeMarkup(`${value as string | number}`);
  return context === 'text' ? isolated(escaped) : escaped;
}
