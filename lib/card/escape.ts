import { printable } from '../text/printable';

/** What YAML has no place for, though it takes room. */
const NO_CHARACTERS = /[\uFFFE\uFFFF]/g;

const shown = (text: string): string =>
  printable(text).replace(NO_CHARACTERS, (char) => `\\u{${char.charCodeAt(0).toString(16)}}`);

/** ASCII's punctuation, but what is only that of a sentence or of a version: `0.1.0`, `resnet-ft`, `two: a.` */
const MARKS = /(?<!\d)\.(?=\S)|\.(?=[^\d\s])|(?<=\d)\.(?=\s|$)|(?<!\w)-|-(?!\w)|:(?=\S)|:$|[!-,/;-@[-`{-~]/g;

/** Text that stands for itself in Markdown, also in a cell of a table: all of this may have a backslash (CommonMark 0.31, 2.4). */
export function markdownText(text: string): string {
  return shown(text).replace(MARKS, '\\$&');
}

/** A scalar of YAML between double quotes, which takes what JSON takes (YAML 1.2, 7.3.1). */
export function yamlText(text: string): string {
  return JSON.stringify(shown(text));
}

/** A line of a fenced block of code: it has no line breaks, so that it can't end the block. */
export function codeLine(text: string): string {
  return shown(text);
}
