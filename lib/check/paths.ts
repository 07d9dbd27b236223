import { readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import { throwIfAborted } from '../errors';
import { afterALook, move } from './finding';
import { CHECK_STOPPED, type Walked, type WalkedFolder } from './walk';

/** Links that are followed one after the other, as many as Linux follows. */
const MOST_LINKS = 40;

/** Links that are followed at the same time. */
const AT_ONCE = 64;

/** By which paths the files of a data set are reached: what one path is to be removed by, or renamed, others may need. */
export class Paths {
  private readonly ledTo = new Set<string>();
  private readonly folders = new Map<string, WalkedFolder>();
  /** How often each folder was walked through, by where it really is. */
  private readonly walks = new Map<string, number>();

  private constructor(folders: readonly WalkedFolder[]) {
    for (const walked of folders) {
      this.folders.set(walked.folder, walked);
      this.walks.set(walked.real, (this.walks.get(walked.real) ?? 0) + 1);
    }
  }

  /**
   * Follows all links among the files that were met.
   *
   * @throws ResnetFtError ABORTED
   */
  static async of({ folders, links }: Pick<Walked, 'folders' | 'links'>, signal: AbortSignal): Promise<Paths> {
    const paths = new Paths(folders);
    for (let first = 0; first < links.length; first += AT_ONCE) {
      throwIfAborted(signal, CHECK_STOPPED);
      await Promise.all(links.slice(first, first + AT_ONCE).map((link) => paths.follow(link)));
    }
    return paths;
  }

  /** The entry of a folder that removing the path would remove: with the folder's real path, of which no part is a link. */
  entryOf(file: string): string {
    const folder = path.dirname(file);
    return path.join(this.folders.get(folder)?.real ?? folder, path.basename(file));
  }

  /** Whether a link to a folder lies on the way; also where that is not known. */
  isBehind(file: string): boolean {
    return this.folders.get(path.dirname(file))?.behind ?? true;
  }

  /** Whether a link leads to this entry of a folder, straight on or over others. */
  isLedTo(entry: string): boolean {
    return this.ledTo.has(entry);
  }

  /** The folders that links lead to, or that several paths lead to. */
  linkedFolders(): Set<string> {
    return new Set(
      [...this.folders.values()].filter((one) => one.behind || this.isShared(one)).map((one) => one.folder),
    );
  }

  /** The line that gives a file another name, after a look where another path would lead nowhere then, or where the file may belong to others. */
  rename(file: string, to: string): string {
    const line = move(file, to);
    const why = this.whyNotRenamed(file);
    return why === undefined ? line : afterALook(`${line} # ${why}`);
  }

  private whyNotRenamed(file: string): string | undefined {
    if (this.isBehind(file)) return 'it lies behind a link to a folder';
    if (this.isLedTo(this.entryOf(file))) return 'a link leads to it';
    const folder = this.folders.get(path.dirname(file));
    return folder !== undefined && this.isShared(folder) ? 'another path leads to it' : undefined;
  }

  private isShared({ real }: WalkedFolder): boolean {
    return (this.walks.get(real) ?? 0) > 1;
  }

  /** Notes the entries to which a link leads, as far as they lie in folders that were walked through: a link in the middle counts as what stands at the end. */
  private async follow(link: string): Promise<void> {
    let at = this.entryOf(link);
    for (let step = 0; step < MOST_LINKS; step++) {
      const next = await nextEntry(at);
      if (next === undefined) return;
      if (this.walks.has(path.dirname(next))) this.ledTo.add(next);
      at = next;
    }
  }
}

/** The entry that a link names; undefined of what is no link, or leads nowhere. */
async function nextEntry(entry: string): Promise<string | undefined> {
  try {
    const to = await readlink(entry);
    // Not made plain by path.resolve: behind a link to a folder, `..` is where that leads.
    const folder = await realpath(
      path.isAbsolute(to) ? path.dirname(to) : `${path.dirname(entry)}${path.sep}${path.dirname(to)}`,
    );
    return path.join(folder, path.basename(to));
  } catch {
    return undefined;
  }
}
