import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { isDirectory, isImageName, isUnasked } from '../data/image-folder';
import { linkLoop } from '../data/link-loop';
import { compareCodePoints } from '../data/order';
import { noSuch } from '../data/reason';
import { throwIfAborted } from '../errors';
import { reasonOf } from '../files/reason';
import { brokenLink } from './broken-link';
import { afterALook, finding } from './finding';
import type { SplitFolder } from './layout';
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

/** A file that is not trained on. */
export interface PassedOver {
  file: string;
  /** Within a class its name is not that of an image; beside the folders of the classes it has no class. */
  where: 'in a class' | 'beside';
}

/** A folder within a class, or that of a class, each time that it was walked through. */
export interface WalkedFolder {
  folder: string;
  /** Where it really is. */
  real: string;
  /** Whether a link to a folder lies on the way to it, below the folder that was named. */
  behind: boolean;
}

export interface Walked {
  splits: WalkedSplit[];
  images: ImageFile[];
  passedOver: PassedOver[];
  folders: WalkedFolder[];
  /** Those of the files that are links. */
  links: string[];
  findings: Finding[];
}

/** Files whose sizes are asked for at the same time. */
const AT_ONCE = 64;

/**
 * Lists the classes and images of splits by the rules of training (`lib/data/image-folder.ts`), but goes on where training would stop.
 *
 * @param named the folder that the caller named, in which most of the splits are
 * @throws ResnetFtError ABORTED
 */
export async function walk(folders: readonly SplitFolder[], named: string, signal: AbortSignal): Promise<Walked> {
  const walked: Walked = { splits: [], images: [], passedOver: [], folders: [], links: [], findings: [] };
  for (const [split, { name, folder }] of folders.entries()) {
    const walker = new Walker(walked, split, await rootOf(folder, named), signal);
    const { folders: classes, files, listed } = await walker.list(folder);
    walked.splits.push({ name, folder, classes });
    if (classes.length === 0) {
      if (listed) walked.findings.push(finding('no-classes', [folder], whyNone(files)));
      continue;
    }
    for (const file of files) {
      if (!isUnasked(file)) walked.passedOver.push({ file: path.join(folder, file), where: 'beside' });
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

/** The folder from which on links are links of the data set: what was named may itself be reached by as many as it likes. */
interface Root {
  folder: string;
  real: string;
}

async function rootOf(split: string, named: string): Promise<Root> {
  const folder = split.startsWith(named + path.sep) ? named : split;
  return { folder, real: await realpath(folder).catch(() => folder) };
}

class Walker {
  constructor(
    private readonly walked: Walked,
    private readonly split: number,
    private readonly root: Root,
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
        if (link && !folderLike && broken === undefined) this.walked.links.push(path.join(folder, entry.name));
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
      this.walked.findings.push(await this.loop(folder, ancestor));
      return;
    }
    this.walked.folders.push({ folder, real, behind: this.isBehind(folder, real) });
    const { folders, files } = await this.list(folder);
    const images: string[] = [];
    for (const name of files) {
      if (isImageName(name)) images.push(path.join(folder, name));
      else if (!isUnasked(name)) this.walked.passedOver.push({ file: path.join(folder, name), where: 'in a class' });
    }
    await this.add(images, target);
    const chain = new Map(ancestors).set(real, folder);
    for (const name of folders) await this.walk(path.join(folder, name), target, chain);
  }

  private isBehind(folder: string, real: string): boolean {
    return real !== path.join(this.root.real, path.relative(this.root.folder, folder));
  }

  /** Of several links that make a loop together any may be the one that is meant, and what lies behind a link to a folder may be others'. */
  private async loop(folder: string, ancestor: string): Promise<Finding> {
    const { link, note, itself } = await linkLoop(folder, ancestor);
    const above = path.dirname(link);
    const own = await realpath(above).catch(() => undefined);
    const sure = itself && own !== undefined && !this.isBehind(above, own);
    return finding('link-loop', [link], note, (remove) => [sure ? remove(link) : afterALook(remove(link))]);
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
