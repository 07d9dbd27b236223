/** Hashes of 64 bits, each as two halves of 32. */
export interface Hashes {
  high: Uint32Array;
  low: Uint32Array;
}

/** Bands that a hash is cut into, of 16 bits each. */
const BANDS = 4;
const BAND_VALUES = 2 ** 16;

/**
 * All pairs of hashes that differ in at most `radius` bits, without comparing all with all: Multi-Index Hashing (M. Norouzi, A. Punjani and
 * D. J. Fleet, Fast Exact Search in Hamming Space with Multi-Index Hashing, 2014, arXiv:1307.2982). Where two hashes differ in `radius` bits, one of
 * their four parts differs in a quarter of that at most; so a table for each part is asked for its near values. Of 100,000 hashes that are spread
 * evenly, each is compared with about 850 at a radius of 10.
 *
 * @param onPair gets each pair once, the lower index first; equal hashes too
 * @param pause is called now and then, to give the event loop a turn, or to end the search by throwing
 * @param enough ends the search where it says so
 */
export async function nearHashes(
  { high, low }: Hashes,
  radius: number,
  onPair: (a: number, b: number, distance: number) => void,
  pause: () => Promise<void>,
  enough: () => boolean = () => false,
): Promise<void> {
  const masks = masksOf(Math.floor(radius / BANDS));
  const tables = Array.from({ length: BANDS }, (_, band) => tableOf(high, low, band));
  const seen = new Int32Array(high.length).fill(-1);
  let compared = 0;
  for (let a = 0; a < high.length && !enough(); a++) {
    const [ownHigh, ownLow] = [high[a] ?? 0, low[a] ?? 0];
    for (const [band, { starts, members }] of tables.entries()) {
      const own = partOf(ownHigh, ownLow, band);
      for (const mask of masks) {
        const value = own ^ mask;
        const end = starts[value + 1] ?? 0;
        // Members stand in order: those before this one have met it already.
        for (let i = end - 1; i >= (starts[value] ?? 0); i--) {
          const b = members[i] ?? 0;
          if (b <= a) break;
          if (seen[b] === a) continue;
          seen[b] = a;
          compared++;
          const distance = ones(ownHigh ^ (high[b] ?? 0)) + ones(ownLow ^ (low[b] ?? 0));
          if (distance <= radius) onPair(a, b, distance);
        }
      }
    }
    if (a % 256 === 0 || compared > 2_000_000) {
      compared = 0;
      await pause();
    }
  }
}

/** The hashes by one part of theirs: those with the value v stand in `members` from `starts[v]` to `starts[v + 1]`. */
function tableOf(high: Uint32Array, low: Uint32Array, band: number) {
  const starts = new Uint32Array(BAND_VALUES + 1);
  const value = (i: number): number => partOf(high[i] ?? 0, low[i] ?? 0, band);
  for (let i = 0; i < high.length; i++) starts[value(i) + 1] = (starts[value(i) + 1] ?? 0) + 1;
  for (let v = 0; v < BAND_VALUES; v++) starts[v + 1] = (starts[v + 1] ?? 0) + (starts[v] ?? 0);
  const next = starts.slice();
  const members = new Uint32Array(high.length);
  for (let i = 0; i < high.length; i++) {
    const v = value(i);
    members[next[v] ?? 0] = i;
    next[v] = (next[v] ?? 0) + 1;
  }
  return { starts, members };
}

function partOf(high: number, low: number, band: number): number {
  const half = band < 2 ? high : low;
  return band % 2 === 0 ? half >>> 16 : half & 0xffff;
}

/** All numbers of 16 bits of which at most so many are set. */
function masksOf(most: number): number[] {
  return Array.from({ length: BAND_VALUES }, (_, mask) => mask).filter((mask) => ones(mask) <= most);
}

/** How many bits of a number of 32 bits are set (H. S. Warren, Hacker's Delight, 2nd edition, figure 5-2). */
function ones(value: number): number {
  let bits = value - ((value >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
