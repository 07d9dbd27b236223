import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { isDirectory, isImageName, isUnasked } from '../data/image-folder';
import { linkLoop } from '../data/link-loop';
import { compareCodePoints } from '../data/order';
import { noSuch } from '../data/reason';
import { throwIfAborted } from '../errors';
import { reasonOf } from '../files/reason';
import { brokenLink } from './broken-link';
import { finding } from './finding';
import type { FreeNames } from './free-names';
import type { SplitFolder } from './layout';
import { notUsed } from './not-used';
import type { Finding } from './types';

/** The message of an abort. */
export const CHECK_STOPPED = 'The check was stopped';

/** A file with the name of an image. */
export interface ImageFile {
  /** Absolute path. */
  file: string;
  /** Index of its split, and of its class in that. */
  split: number;
  target: number;
  /** Bytes; -1 where that can't be asked for: whoever reads it says why. */
  size: number;
}

/** A split whose folders were listed. */
export interface WalkedSplit extends SplitFolder {
  classes: string[];
}

export interface Walked {
  splits: WalkedSplit[];
  images: ImageFile[];
  findings: Finding[];
}

/** Files whose sizes are asked for at the same time. */
const AT_ONCE = 64;

/**
 * Lists the classes and images of splits by the rules of training (`lib/data/image-folder.ts`), but goes on where training would stop.
 *
 * @param names those that files are to be given
 * @throws ResnetFtError ABORTED
 */
export async function walk(folders: readonly SplitFolder[], names: FreeNames, signal: AbortSignal): Promise<Walked> {
  const walked: Walked = { splits: [], images: [], findings: [] };
  for (const [split, { name, folder }] of folders.entries()) {
    const walker = new Walker(walked, split, names, signal);
    const { folders: classes, files, listed } = await walker.list(folder);
    walked.splits.push({ name, folder, classes });
    if (classes.length === 0) {
      if (listed) walked.findings.push(finding('no-classes', [folder], whyNone(files)));
      continue;
    }
    for (const file of files) {
      if (isUnasked(file)) continue;
      const found = notUsed(path.join(folder, file), 'beside', names);
      if (found !== undefined) walked.findings.push(found);
    }
    const above = await foldersAbove(folder);
    for (const [target, name] of classes.entries()) await walker.walk(path.join(folder, name), target, above);
  }
  return walked;
}

/** What a folder has where there should be one for each class. */
function whyNone(files: readonly string[]): string {
  const images = files.filter(isImageName).length;
  if (images === 1) return 'no classes here: 1 image lies in it, and not in a folder for its class';
  if (images > 1) return `no classes here: ${images} images lie in it, and not in folders for their classes`;
  return `no classes here: the folder ${files.length === 0 ? 'is empty' : 'has no sub-folders'}`;
}

/** A folder and those in which it is, by their real paths: a link to one of them leads back to itself. */
async function foldersAbove(folder: string): Promise<Map<string, string>> {
  const above = new Map<string, string>();
  let at = await realpath(folder).catch(() => folder);
  for (; !above.has(at); at = path.dirname(at)) above.set(at, at);
  return above;
}

class Walker {
  constructor(
    private readonly walked: Walked,
    private readonly split: number,
    private readonly names: FreeNames,
    private readonly signal: AbortSignal,
  ) {}

  /** What a folder holds, sorted; nothing, and a finding, where it can't be listed. */
  async list(folder: string): Promise<{ folders: string[]; files: string[]; listed: boolean }> {
    throwIfAborted(this.signal, CHECK_STOPPED);
    const folders: string[] = [];
    const files: string[] = [];
    let listed = true;
    try {
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        const link = entry.isSymbolicLink();
        const folderLike = link ? await isDirectory(path.join(folder, entry.name)) : entry.isDirectory();
        const broken = link && !folderLike ? await brokenLink(path.join(folder, entry.name)) : undefined;
        if (broken !== undefined) this.walked.findings.push(broken);
        else (folderLike ? folders : files).push(entry.name);
      }
    } catch (error) {
      this.unreadable(folder, error);
      listed = false;
    }
    return { folders: folders.sort(compareCodePoints), files: files.sort(compareCodePoints), listed };
  }

  async walk(folder: string, target: number, ancestors: ReadonlyMap<string, string>): Promise<void> {
    const real = await realpath(folder).catch((error: unknown) => this.unreadable(folder, error));
    if (real === undefined) return;
    const ancestor = ancestors.get(real);
    if (ancestor !== undefined) {
      const { link, note } = await linkLoop(folder, ancestor);
      this.walked.findings.push(finding('link-loop', [link], note, (remove) => [remove(link)]));
      return;
    }
    const { folders, files } = await this.list(folder);
    const images: string[] = [];
    for (const name of files) {
      if (isImageName(name)) images.push(path.join(folder, name));
      else if (!isUnasked(name)) this.passedOver(path.join(folder, name));
    }
    await this.add(images, target);
    const chain = new Map(ancestors).set(real, folder);
    for (const name of folders) await this.walk(path.join(folder, name), target, chain);
  }

  private passedOver(file: string): void {
    const found = notUsed(file, 'in a class', this.names);
    if (found !== undefined) this.walked.findings.push(found);
  }

  private async add(files: readonly string[], target: number): Promise<void> {
    for (let first = 0; first < files.length; first += AT_ONCE) {
      throwIfAborted(this.signal, CHECK_STOPPED);
      const some = files.slice(first, first + AT_ONCE);
      const sizes = await Promise.all(some.map(sizeOf));
      some.forEach((file, i) => this.walked.images.push({ file, split: this.split, target, size: sizes[i] ?? -1 }));
    }
  }

  private unreadable(folder: string, error: unknown): undefined {
    const gone = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const note = `cannot be read: ${gone ? noSuch('folder', folder) : reasonOf(error)}`;
    this.walked.findings.push(finding('unreadable-folder', [folder], note));
  }
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => -1,
  );
