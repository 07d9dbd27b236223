import { counted } from '../text/count';
import { afterALook, finding } from './finding';
import { Groups } from './groups';
import type { Inspected } from './inspect';
import type { FindingKind } from './kinds';
import { nearHashes } from './near-hashes';
import { likeness, type Look } from './perceptual-hash';
import type { Finding } from './types';

/** Bits of 64 in which the hashes of look-alikes differ at most; docs/check.md has what it was chosen by. */
const LOOK_BITS = 10;
/** Correlation of their grey values, at least. */
const LOOK_LIKENESS = 0.9;
/** Contrast below which a picture has too little in it to be compared with others. */
export const PLAIN_CONTRAST = 3;

/** A decoded image, with its places in words. */
export interface Decoded {
  file: string;
  split: string;
  className: string;
  inspected: Inspected & { pixels: string; look: Look };
}

/** Two images that look alike, by their indices, and how much. */
export interface Pair {
  a: number;
  b: number;
  /** 0..1. */
  score: number;
}

/** Images that are decoded to the same pixels: the indices of each group. */
export function samePixels(images: readonly Decoded[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [i, { inspected }] of images.entries()) {
    const group = groups.get(inspected.pixels);
    if (group === undefined) groups.set(inspected.pixels, [i]);
    else group.push(i);
  }
  return [...groups.values()];
}

/**
 * Pairs of images that look alike though their pixels differ, as few as join all that do: of a thousand frames of a film there are 999. Of those with
 * the very same hash, each is compared with the first alone.
 *
 * @param same of {@link samePixels}: one of each group stands for it
 */
export async function lookAlikes(
  images: readonly Decoded[],
  same: readonly number[][],
  pause: () => Promise<void>,
): Promise<Pair[]> {
  const look = (i: number): Look => (images[i] as Decoded).inspected.look;
  const firsts = same.map(([first = 0]) => first);
  const compared = firsts.filter((i) => (images[i]?.inspected.contrast ?? 0) >= PLAIN_CONTRAST);
  const byHash = new Map<string, number>();
  const pairs: Pair[] = [];
  const groups = new Groups(images.length);
  const compare = (a: number, b: number): void => {
    if (groups.of(a) === groups.of(b)) return;
    const score = likeness(look(a).thumb, look(b).thumb);
    if (score < LOOK_LIKENESS) return;
    groups.join(a, b);
    pairs.push({ a, b, score });
  };
  for (const i of compared) {
    const key = `${look(i).high} ${look(i).low}`;
    const first = byHash.get(key);
    if (first === undefined) byHash.set(key, i);
    else compare(first, i);
  }
  const distinct = [...byHash.values()];
  const hashes = {
    high: Uint32Array.from(distinct, (i) => look(i).high),
    low: Uint32Array.from(distinct, (i) => look(i).low),
  };
  await nearHashes(hashes, LOOK_BITS, (a, b) => compare(distinct[a] ?? 0, distinct[b] ?? 0), pause);
  return pairs;
}

/** What is the same image several times, by its pixels, and what only looks alike: by its hash, or, beyond that, by its embedding. */
export function duplicateFindings(
  images: readonly Decoded[],
  same: readonly number[][],
  alike: readonly Pair[],
  embedded: readonly Pair[],
): Finding[] {
  const exact = same.filter((group) => group.length > 1).flatMap((group) => sameFindings(pick(images, group)));
  const looks = new Groups(images.length);
  for (const [first = 0, ...others] of same) for (const other of others) looks.join(first, other);
  for (const { a, b } of alike) looks.join(a, b);
  const more = embedded.filter(({ a, b }) => looks.of(a) !== looks.of(b));
  const features = new Groups(images.length);
  for (const { a, b } of more) features.join(a, b);
  return [
    ...exact,
    ...groupFindings(images, looks, alike, 'that look alike'),
    ...groupFindings(images, features, more, 'whose embeddings are alike'),
  ];
}

function groupFindings(images: readonly Decoded[], groups: Groups, pairs: readonly Pair[], how: string): Finding[] {
  const scores = new Map<number, number>();
  for (const { a, score } of pairs) scores.set(groups.of(a), Math.min(score, scores.get(groups.of(a)) ?? 1));
  return groups.all().flatMap((group) => {
    const score = scores.get(groups.of(group[0] ?? 0));
    return score === undefined ? [] : nearFindings(pick(images, group), score, how);
  });
}

const pick = (images: readonly Decoded[], group: readonly number[]): Decoded[] =>
  group.map((i) => images[i] as Decoded);

/** How the members of a group lie. */
function placesOf(members: readonly Decoded[]): { leak: boolean; conflict: boolean; where: string } {
  const splits = [...new Set(members.map(({ split }) => split))];
  const classes = [...new Set(members.map(({ className }) => className))];
  const where = [
    ...(splits.length > 1 ? [`in ${splits.join(' and ')}`] : []),
    ...(classes.length > 1 ? [`as ${classes.join(' and ')}`] : []),
  ].join(', ');
  return { leak: splits.length > 1, conflict: classes.length > 1, where };
}

function sameFindings(members: Decoded[]): Finding[] {
  const { leak, conflict, where } = placesOf(members);
  // What is validated with stays, so that figures of before and after can be compared.
  const [keep, ...others] = members.sort((a, b) => Number(a.split === 'train') - Number(b.split === 'train'));
  const files = [keep, ...others].map((one) => (one as Decoded).file);
  const sameFile = new Set(members.map(({ inspected }) => inspected.bytes)).size === 1;
  const what = sameFile ? 'the same file' : 'the same pixels in other files';
  const note = `${what} ${files.length === 2 ? 'twice' : `${files.length} times`}${where === '' ? '' : `, ${where}`}`;
  const removeOthers = (remove: (file: string) => string): string[] => files.slice(1).map(remove);
  if (!leak && !conflict) return [finding('duplicate', files, note, removeOthers)];
  return [
    ...(leak ? [finding('leak', files, note, conflict ? undefined : removeOthers)] : []),
    ...(conflict ? [finding('label-conflict', files, note, (remove) => files.map(remove).map(afterALook))] : []),
  ];
}

function nearFindings(members: Decoded[], score: number, how: string): Finding[] {
  const { leak, conflict, where } = placesOf(members);
  const area = ({ inspected: { width, height } }: Decoded): number => width * height;
  const train = (one: Decoded): number => Number(one.split === 'train');
  const files = members.sort((a, b) => train(a) - train(b) || area(b) - area(a)).map(({ file }) => file);
  const note = `${counted(files.length, 'image')} ${how} (${score.toFixed(2)})${where === '' ? '' : `, ${where}`}`;
  const near = (kind: FindingKind, from: number): Finding => ({
    ...finding(kind, files, note, (remove) => files.slice(from).map(remove).map(afterALook)),
    score,
  });
  if (!leak && !conflict) return [near('near-duplicate', 1)];
  return [...(leak ? [near('near-leak', 1)] : []), ...(conflict ? [near('near-conflict', 0)] : [])];
}
