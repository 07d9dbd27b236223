import { realpath } from 'node:fs/promises';
import { inodeOf } from '../files/inode';
import { shellWord } from '../text/shell';
import { afterALook, removal } from './finding';
import type { Paths } from './paths';

/** Where a path really leads. */
export interface Place {
  /** The entry of a folder that removing the path would remove: a link itself, but the file behind a link to its folder. */
  entry: string;
  /** The file that is read. */
  target: string;
  /** The same for all hard links to a file. */
  inode: string;
  /** Whether a link to a folder lies on the way. */
  behind: boolean;
  /** Whether a link leads to the entry, straight on or over others. */
  ledTo: boolean;
}

/**
 * What removing one of several paths to the same image would do: `file`, nothing to the others; `link`, only a link would go; `target`, others would
 * lead nowhere; `detour`, the file that another path names would go, for this one leads through a link to a folder; `behind`, a file would go that lies
 * behind such a link, perhaps in no folder of this data set.
 */
export type Role = 'file' | 'link' | 'target' | 'detour' | 'behind';

/** Files whose places are asked for at the same time. */
const AT_ONCE = 64;

/** Where each of these files really is. */
export async function placesOf(files: readonly string[], paths: Paths): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  for (let first = 0; first < files.length; first += AT_ONCE) {
    const some = files.slice(first, first + AT_ONCE);
    const found = await Promise.all(some.map((file) => placeOf(file, paths)));
    for (const [i, file] of some.entries()) places.set(file, found[i] as Place);
  }
  return places;
}

async function placeOf(file: string, paths: Paths): Promise<Place> {
  const entry = paths.entryOf(file);
  const own = { entry, behind: paths.isBehind(file), ledTo: paths.isLedTo(entry) };
  try {
    const [target, inode] = await Promise.all([realpath(file), inodeOf(file)]);
    return { ...own, target, inode };
  } catch {
    return { ...own, target: entry, inode: entry };
  }
}

const unknownPlace = (file: string): Place => ({
  ...{ entry: file, target: file, inode: file },
  ...{ behind: false, ledTo: false },
});

/** The role of each of several paths to the same image. A place-holder may be there ten thousand times: none is compared with all others. */
export function rolesOf(files: readonly string[], places: ReadonlyMap<string, Place>): Role[] {
  const all = files.map((file) => places.get(file) ?? unknownPlace(file));
  const own = owners(all);
  const entries = indicesBy(all.map(({ entry }) => entry));
  const targets = indicesBy(all.map(({ target }) => target));
  return all.map(({ entry, target, behind, ledTo }, i) => {
    if (own.get(entry) !== i) return 'detour';
    if (behind) return 'behind';
    if (ledTo || (entries.get(entry)?.count ?? 0) > 1) return 'target';
    const sharing = targets.get(target);
    if (sharing === undefined || sharing.count === 1) return 'file';
    if (entry === target) return 'target';
    // Where the file itself is none of them, one link to it has to stay.
    return own.has(target) || sharing.first !== i ? 'link' : 'target';
  });
}

/** Of each name, where it stands first, and how often it is there. */
function indicesBy(names: readonly string[]): Map<string, { first: number; count: number }> {
  const found = new Map<string, { first: number; count: number }>();
  for (const [i, name] of names.entries()) {
    const known = found.get(name);
    if (known === undefined) found.set(name, { first: i, count: 1 });
    else known.count++;
  }
  return found;
}

/** Of the paths to one entry, which stands for it: that without a detour, or else the first. */
function owners(places: readonly Place[]): Map<string, number> {
  const own = new Map<string, number>();
  for (const [i, { entry, behind }] of places.entries()) {
    const known = own.get(entry);
    if (known === undefined || (!behind && places[known]?.behind === true)) own.set(entry, i);
  }
  return own;
}

/** The line for a file that need not stay: what others may need is left to a person, and what lies elsewhere to whoever it belongs to. */
export function removalBy(role: Role, file: string): string {
  if (role === 'target') return afterALook(removal(file));
  if (role === 'detour') return afterALook(`${shellWord(file)} leads to the same file as another path: not removed`);
  if (role === 'behind') return afterALook(`${shellWord(file)} lies behind a link to a folder: not removed`);
  return removal(file);
}

/** That some of the paths are one file; nothing where each is a file of its own. */
export function aliasNote(
  files: readonly string[],
  roles: readonly Role[],
  places: ReadonlyMap<string, Place>,
): string {
  const count = (role: Role): number => roles.filter((one) => one === role).length;
  const [links, detours] = [count('link'), count('detour')];
  const pair = files.length === 2;
  const notes: string[] = [];
  if (links > 0)
    notes.push(pair ? 'one is a link to the other' : `${links} of them ${links === 1 ? 'is a link' : 'are links'}`);
  if (detours > 0) notes.push(pair ? 'one file, to which two paths lead' : `some paths lead to one file`);
  const targets = new Set(files.map((file) => places.get(file)?.target ?? file));
  const inodes = new Set(files.map((file) => places.get(file)?.inode ?? file));
  if (inodes.size < targets.size) notes.push(pair ? 'hard links to one file' : 'some are hard links to one file');
  return notes.join(', ');
}
