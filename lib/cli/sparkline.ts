const BLOCKS = [...'▁▂▃▄▅▆▇█'];
const ASCII = [...'_.-:=+*#'];
/** Of numbers that are all alike. */
const MIDDLE = 3;

/**
 * Numbers as a row of bars, from the least to the greatest of them. Where there are more of them than columns, each column is the mean of as many as
 * of the others; where there are fewer, the row is shorter.
 *
 * @param values what is infinite or no number is shown as `x`
 * @param columns how wide the row may be
 * @param blocks whether the terminal has block elements; else ASCII
 */
export function sparkline(values: readonly number[], columns: number, blocks: boolean): string {
  const means = binned(values, columns);
  const finite = means.filter(Number.isFinite);
  const least = Math.min(...finite);
  // Halves, whose difference is always finite.
  const range = Math.max(...finite) / 2 - least / 2;
  const levels = blocks ? BLOCKS : ASCII;
  const level = (value: number): number =>
    range > 0 ? Math.min(levels.length - 1, Math.floor(((value / 2 - least / 2) / range) * levels.length)) : MIDDLE;
  return means.map((value) => (Number.isFinite(value) ? (levels[level(value)] ?? '') : 'x')).join('');
}

function binned(values: readonly number[], columns: number): number[] {
  const bins = Math.min(values.length, Math.max(0, Math.floor(columns)));
  return Array.from({ length: bins }, (_, i) => {
    const own = values.slice(Math.floor((i * values.length) / bins), Math.floor(((i + 1) * values.length) / bins));
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  });
}
