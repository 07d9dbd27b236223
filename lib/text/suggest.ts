/** Edits (insert, remove, replace, or swap two neighbours) between two words. */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? (before[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min(replace, swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The known option that a word may stand for: the shortest that begins with it, as `--batch-size` of `--batch`, else the nearest. */
export function suggestOption(word: string, known: readonly string[]): string | undefined {
  const [first, second] = known.filter((name) => name.startsWith(word)).sort((a, b) => a.length - b.length);
  const isOne = word.length >= SHORT && first !== undefined && first.length !== second?.length;
  return isOne ? first : suggest(word, known);
}

/** Letters below which the beginning of a word says nothing. */
const SHORT = 3;

/** The known word nearest to a misspelt one, if it is near enough. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(word.length / 3));
  const ranked = known
    // As far apart as their lengths differ they are at least.
    .filter((name) => Math.abs(name.length - word.length) <= most)
    .map((name) => ({ name, far: distance(word, name) }))
    .sort((a, b) => a.far - b.far);
  const best = ranked[0];
  return best !== undefined && best.far <= most ? best.name : undefined;
}
