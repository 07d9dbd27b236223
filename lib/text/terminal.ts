import { printable, printableJson } from './printable';

/**
 * The one place where this package writes to standard output and standard error, progress bars apart: the linter refuses it
 * elsewhere, so that no name of a file or a class reaches a terminal as it is.
 */

// What `styleText` writes: colours and their end.
// eslint-disable-next-line no-control-regex
const STYLE = /(\u001b\[\d+m)/;

/** A line on standard output. @returns false where the reader is slow, as `write` of a stream */
export function say(line: string): boolean {
  return process.stdout.write(`${printable(line)}\n`);
}

/** Lines that were put together of printable texts, such as those of `align`; each line break in `text` ends one. */
export function sayLines(text: string): void {
  for (const line of text.replace(/\n$/, '').split('\n')) say(line);
}

/** A line whose colours are kept; whatever is put together for it must be printable by then. */
export function sayStyled(line: string): void {
  const parts = line.split(STYLE).map((part, i) => (i % 2 === 1 ? part : printable(part)));
  process.stdout.write(`${parts.join('')}\n`);
}

/** Fields with tabs between them, on standard output. @returns as {@link say} */
export function sayFields(fields: readonly string[]): boolean {
  return process.stdout.write(`${fields.map(printable).join('\t')}\n`);
}

/** A value as one line of JSON on standard output: its texts are whole after parsing. @returns as {@link say} */
export function sayJson(value: unknown): boolean {
  return process.stdout.write(`${printableJson(JSON.stringify(value))}\n`);
}

/** A line on standard error: notes, warnings and errors. */
export function tell(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}
