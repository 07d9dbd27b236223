import { counted } from '../text/count';
import { listed } from '../text/listed';
import { aliasNote, placesOf, removalBy, rolesOf, type Place, type Role } from './aliases';
import { afterALook, finding } from './finding';
import { Groups } from './groups';
import type { Inspected } from './inspect';
import type { FindingKind } from './kinds';
import type { Paths } from './paths';
import type { Look } from './perceptual-hash';
import type { Finding } from './types';

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

/** What is the same image several times, by its pixels, and what only looks alike: by its hash, or, beyond that, by its embedding. */
export async function duplicateFindings(
  images: readonly Decoded[],
  same: readonly number[][],
  alike: readonly Pair[],
  embedded: readonly Pair[],
  paths: Paths,
): Promise<Finding[]> {
  const several = same.filter((group) => group.length > 1);
  const files = several.flatMap((group) => pick(images, group).map(({ file }) => file));
  const places = await placesOf(files, paths);
  const kept = new Map<number, Decoded>();
  const exact = several.flatMap((group) => {
    const members = pick(images, group);
    const copies = copiesOf(members, places);
    // Of copies the one that stays stands for all: the others are told of already.
    for (const i of group) kept.set(i, copies[0]?.image as Decoded);
    return sameFindings(copies, layOf(members), places);
  });
  const looks = new Groups(images.length);
  for (const [first = 0, ...others] of same) for (const other of others) looks.join(first, other);
  for (const { a, b } of alike) looks.join(a, b);
  const more = embedded.filter(({ a, b }) => looks.of(a) !== looks.of(b));
  const features = new Groups(images.length);
  for (const { a, b } of more) features.join(a, b);
  const distinct = (group: readonly number[]): Decoded[] => [
    ...new Set(group.map((i) => kept.get(i) ?? (images[i] as Decoded))),
  ];
  return [
    ...exact,
    ...groupFindings(distinct, looks, alike, 'that look alike'),
    ...groupFindings(distinct, features, more, 'whose embeddings are alike'),
  ];
}

function groupFindings(
  distinct: (group: readonly number[]) => Decoded[],
  groups: Groups,
  pairs: readonly Pair[],
  how: string,
): Finding[] {
  const scores = new Map<number, number>();
  for (const { a, score } of pairs) scores.set(groups.of(a), Math.min(score, scores.get(groups.of(a)) ?? 1));
  return groups.all().flatMap((group) => {
    const score = scores.get(groups.of(group[0] ?? 0));
    return score === undefined ? [] : nearFindings(distinct(group), score, how);
  });
}

const pick = (images: readonly Decoded[], group: readonly number[]): Decoded[] =>
  group.map((i) => images[i] as Decoded);

/** How the members of a group lie: in several splits, in several classes, and that in words. */
interface Lay {
  leak: boolean;
  conflict: boolean;
  where: string;
}

function layOf(members: readonly Decoded[]): Lay {
  const splits = [...new Set(members.map(({ split }) => split))];
  const classes = [...new Set(members.map(({ className }) => className))];
  const where = [
    ...(splits.length > 1 ? [`in ${listed(splits)}`] : []),
    ...(classes.length > 1 ? [`as ${listed(classes)}`] : []),
  ].join(', ');
  return { leak: splits.length > 1, conflict: classes.length > 1, where };
}

/** One of several paths to the same image. */
interface Copy {
  image: Decoded;
  role: Role;
  /** Whether a file of the very same bytes is before it: in the pixels alone there is no alpha, nor whatever else training does not see. */
  again: boolean;
}

/** In what order copies are kept: a file is worth more than a link to it, and a path that can't be removed by itself is no copy. */
const WORTH: Readonly<Record<Role, number>> = { target: 0, file: 0, link: 1, behind: 2, detour: 3 };
/** In what order the others are told: those that are removed come last. */
const STAYS: Readonly<Record<Role, number>> = { detour: 0, behind: 0, target: 1, file: 2, link: 2 };

/** The paths to an image, the one to keep first. */
function copiesOf(members: readonly Decoded[], places: ReadonlyMap<string, Place>): Copy[] {
  const roles = rolesOf(
    members.map(({ file }) => file),
    places,
  );
  const copies = members.map((image, i): Copy => ({ image, role: roles[i] ?? 'file', again: false }));
  // What is validated with stays, so that figures of before and after can be compared.
  const training = ({ image }: Copy): number => Number(image.split === 'train');
  const ledTo = ({ role }: Copy): number => Number(role !== 'target');
  copies.sort((a, b) => WORTH[a.role] - WORTH[b.role] || training(a) - training(b) || ledTo(a) - ledTo(b));
  const contents = new Set<string | undefined>();
  for (const copy of copies) {
    copy.again = contents.has(copy.image.inspected.bytes);
    contents.add(copy.image.inspected.bytes);
  }
  const [keep, ...others] = copies;
  const stays = ({ role, again }: Copy): number => (again ? STAYS[role] : Math.min(STAYS[role], STAYS.target));
  return [keep as Copy, ...others.sort((a, b) => stays(a) - stays(b) || training(a) - training(b))];
}

function sameFindings(
  copies: readonly Copy[],
  { leak, conflict, where }: Lay,
  places: ReadonlyMap<string, Place>,
): Finding[] {
  const files = copies.map(({ image }) => image.file);
  const sameFile = new Set(copies.map(({ image }) => image.inspected.bytes)).size === 1;
  const times = files.length === 2 ? 'twice' : `${files.length} times`;
  const what = sameFile
    ? `the same file ${times}`
    : `the same pixels in ${files.length === 2 ? 'two' : files.length} files`;
  const alias = aliasNote(
    files,
    copies.map(({ role }) => role),
    places,
  );
  const note = `${what}${where === '' ? '' : `, ${where}`}${alias === '' ? '' : `; ${alias}`}`;
  const removeOthers = (remove: (file: string) => string): string[] =>
    copies.slice(1).map((copy) => removalOf(copy, remove));
  const removeAny = (remove: (file: string) => string): string[] =>
    copies
      .filter(({ role }) => role === 'file' || role === 'link')
      .map(({ image: { file } }) => afterALook(remove(file)));
  if (!leak && !conflict) return [finding('duplicate', files, note, removeOthers)];
  return [
    ...(leak ? [finding('leak', files, note, conflict ? undefined : removeOthers)] : []),
    ...(conflict ? [finding('label-conflict', files, note, removeAny)] : []),
  ];
}

/** The line for a copy that need not stay. */
function removalOf({ image: { file }, role, again }: Copy, remove: (file: string) => string): string {
  const sure = again || (role !== 'file' && role !== 'link');
  return sure ? removalBy(role, file) : afterALook(remove(file));
}

function nearFindings(members: Decoded[], score: number, how: string): Finding[] {
  const { leak, conflict, where } = layOf(members);
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
