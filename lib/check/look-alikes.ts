import type { Decoded, Pair } from './duplicates';
import { Groups } from './groups';
import { nearHashes } from './near-hashes';
import { likeness } from './perceptual-hash';

/** Bits of 64 in which the hashes of look-alikes differ at most; docs/check.md has what it was chosen by. */
const LOOK_BITS = 10;
/** Correlation of their grey values, at least. */
const LOOK_LIKENESS = 0.9;
/** Contrast below which a picture has too little in it to be compared with others. */
export const PLAIN_CONTRAST = 3;

/**
 * Correlation from which on one picture may stand for another: what is alike to either at 0.96 is so to the other at {@link LOOK_LIKENESS}, for
 * correlations are cosines, and their angles add up.
 */
const STANDS_FOR = 0.99;
/** Pictures of the very same hash that others are compared with, at most. */
const MOST_OF_A_HASH = 8;

/**
 * Pairs of images that look alike though their pixels differ, as few as join all that do: of a thousand frames of a film there are 999. Of those with
 * the very same hash, a few that differ stand for all: thousands of copies of one image, such as a place-holder, are compared with one of them.
 *
 * @param same of `samePixels`: one of each group stands for it
 */
export async function lookAlikes(
  images: readonly Decoded[],
  same: readonly number[][],
  pause: () => Promise<void>,
): Promise<Pair[]> {
  const look = (i: number): Decoded['inspected']['look'] => (images[i] as Decoded).inspected.look;
  const firsts = same.map(([first = 0]) => first);
  const compared = firsts.filter((i) => (images[i]?.inspected.contrast ?? 0) >= PLAIN_CONTRAST);
  const pairs: Pair[] = [];
  const groups = new Groups(images.length);
  const likenessOf = (a: number, b: number): number => likeness(look(a).thumb, look(b).thumb);
  const join = (a: number, b: number, score: number): void => {
    if (score < LOOK_LIKENESS || groups.of(a) === groups.of(b)) return;
    groups.join(a, b);
    pairs.push({ a, b, score });
  };

  const byHash = new Map<string, number[]>();
  for (const [nth, i] of compared.entries()) {
    if (nth % 1024 === 0) await pause();
    const key = `${look(i).high} ${look(i).low}`;
    const standing = byHash.get(key);
    if (standing === undefined) {
      byHash.set(key, [i]);
      continue;
    }
    const scores = standing.map((other) => likenessOf(other, i));
    for (const [at, other] of standing.entries()) join(other, i, scores[at] ?? 0);
    if (standing.length < MOST_OF_A_HASH && Math.max(...scores) < STANDS_FOR) standing.push(i);
  }

  const distinct = [...byHash.values()];
  const lookOf = ([first = 0]: readonly number[]) => look(first);
  const hashes = {
    high: Uint32Array.from(distinct, (standing) => lookOf(standing).high),
    low: Uint32Array.from(distinct, (standing) => lookOf(standing).low),
  };
  const compareAll = (some: readonly number[], others: readonly number[]): void => {
    for (const a of some) {
      for (const b of others) if (groups.of(a) !== groups.of(b)) join(a, b, likenessOf(a, b));
    }
  };
  await nearHashes(hashes, LOOK_BITS, (a, b) => compareAll(distinct[a] ?? [], distinct[b] ?? []), pause);
  return pairs;
}
