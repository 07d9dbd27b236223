import { printable } from './printable';

/**
 * Text for an element or a quoted attribute of HTML or XML, without what could turn the direction of what stands around it, and without what
 * XML has no place for.
 */
export function escapeMarkup(text: string): string {
  return printable(text)
    .replace(/[\uFFFE\uFFFF]/g, (char) => `\\u{${char.charCodeAt(0).toString(16)}}`)
    .replace(/[&<>"']/g, (letter) => `&#${letter.codePointAt(0)};`);
}
