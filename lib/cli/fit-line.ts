/** Words and figures of a line. */
export interface Words {
  text: string;
  /** Columns that are kept for it, so that what stands beside it does not move when a figure has a digit more or less. */
  usual?: number;
  /** Columns between it and what stands before it, default 1. */
  gap?: number;
}

/** A picture that is as wide as there is room. */
export interface Picture {
  least: number;
  most: number;
  /** Exactly as wide as asked for, or narrower. */
  draw: (columns: number) => string;
  gap?: number;
}

export type Part = Words | Picture;

const leastOf = (part: Part): number => ('draw' in part ? part.least : Math.max(part.text.length, part.usual ?? 0));

const widthOf = (parts: readonly Part[]): number =>
  parts.reduce((sum, part, i) => sum + leastOf(part) + (i === 0 ? 0 : (part.gap ?? 1)), 0);

/**
 * The fullest of several layouts of a line that fits, whose pictures share what room is left.
 *
 * @param layouts the fullest first; texts are of ASCII
 * @param columns of the terminal, of which the last is left free: there a cursor would be on the edge
 * @returns never wider than `columns - 1`; empty where no layout fits
 */
export function fitLine(layouts: readonly (readonly Part[])[], columns: number): string {
  const room = Math.max(0, columns - 1);
  // Half of a figure would be another figure.
  const parts = layouts.find((one) => widthOf(one) <= room) ?? [];
  let left = room - widthOf(parts);
  let line = '';
  let pictures = parts.filter((part) => 'draw' in part).length;
  for (const [i, part] of parts.entries()) {
    if (i > 0) line += ' '.repeat(part.gap ?? 1);
    if (!('draw' in part)) {
      line += part.text.padEnd(part.usual ?? 0);
      continue;
    }
    const more = Math.min(part.most - part.least, Math.floor(left / pictures--));
    left -= more;
    line += part.draw(part.least + more).padEnd(part.least + more);
  }
  return line.trimEnd();
}

/** A bar of `=` and `.`. */
export function barOf(share: number, least = 4, most = 24): Picture {
  const filled = (columns: number): number => Math.round(Math.min(Math.max(share, 0), 1) * columns);
  return { least, most, draw: (columns) => '='.repeat(filled(columns)).padEnd(columns, '.') };
}

/** A span of time in at most six columns: `45s`, `4m10s`, `1h05m`, `3d02h`; empty where it is not known. */
export function shortTime(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return '';
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${two((whole % 3600) / 60)}m`;
  const days = Math.floor(whole / 86_400);
  return days < 100 ? `${days}d${two((whole % 86_400) / 3600)}h` : `${days}d`;
}
