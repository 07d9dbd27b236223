import stringWidth from 'string-width';
import { mostOf } from './extremes';
import { printable } from './printable';

/**
 * Lines of printable cells in columns of equal width, two spaces apart. Wide characters count as the two columns that a terminal
 * gives them.
 *
 * @param right which columns end at the same place, as numbers do; the others begin there
 */
export function align(rows: readonly (readonly string[])[], right: (column: number) => boolean): string[] {
  const shown = rows.map((row) => row.map(printable).map((text) => ({ text, width: stringWidth(text) })));
  const widths = (rows[0] ?? []).map((_, column) => mostOf(shown.map((row) => row[column]?.width ?? 0)));
  return shown.map((row) => {
    const padded = row.map(({ text, width }, column) => {
      const space = ' '.repeat(Math.max(0, (widths[column] ?? 0) - width));
      return right(column) ? `${space}${text}` : `${text}${space}`;
    });
    return padded.join('  ').trimEnd();
  });
}

/** Parts with a separator between, in as few lines as `width` columns take; a part that is wider has a line of its own. */
export function fill(parts: readonly string[], separator: string, width: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const longer = `${lines.at(-1) ?? ''}${separator}${part}`;
    if (lines.length === 0) lines.push(part);
    else if (stringWidth(printable(longer)) <= width) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  return lines;
}
