import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { ResnetFtError } from '../errors';
import { codeOf, isMissing, reasonOf } from '../files/reason';
import { shellPath } from '../text/shell';
import { hintOfEmpty, type EmptyClass } from './empty-classes';
import { linkLoop } from './link-loop';
import { compareCodePoints } from './order';
import { hintOfFile, hintOfPasted } from './pasted';
import { noSuch } from './reason';

/** One image of a data set. */
export interface Sample {
  /** Absolute path. */
  file: string;
  /** Path relative to the folder that was scanned. */
  name: string;
  /** Index of its class in `classes`. */
  target: number;
}

/** What a folder with one sub-folder per class holds. */
export interface ImageFolder {
  /** Absolute path of the folder. */
  root: string;
  /** Names of the sub-folders, sorted by code point. */
  classes: string[];
  /** Every image, class by class, in torchvision's order. */
  samples: Sample[];
  /** Files of the classes whose names are not those of images: {@link PassedOver}. */
  passedOver: PassedOver;
}

/**
 * How many files of each kind were passed over: by extension in lower case (`.gif`), or `other` for those without a usual one. Hidden
 * files and what systems put into folders by themselves (Thumbs.db, desktop.ini) are not counted.
 */
export type PassedOver = Record<string, number>;

/** Extensions that torchvision's ImageFolder takes; case does not count. */
export const IMAGE_EXTENSIONS = ['.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif', '.tiff', '.webp'] as const;

/**
 * Lists a folder of classes by the rules of torchvision's ImageFolder: the same classes, the same files, the same order.
 *
 * @param root folder that holds one sub-folder per class
 * @throws ResnetFtError `DATA_NOT_FOUND` where the folder is missing, `DATA_INVALID` where it has no class or a class
 * without an image
 */
export async function scanImageFolder(root: string): Promise<ImageFolder> {
  const base = path.resolve(root);
  await requireFolder(base);
  const { folders: classes, files } = await list(base);
  if (classes.length === 0) {
    const what = files.length === 0 ? 'the folder is empty' : 'the folder has no sub-folders';
    throw new ResnetFtError('DATA_INVALID', `${base}: ${what}; it must hold one sub-folder per class`, {
      hint: 'Put the images of each class in a sub-folder of its own',
    });
  }
  const samples: Sample[] = [];
  let passedOver: PassedOver = {};
  const empty: EmptyClass[] = [];
  for (const [target, name] of classes.entries()) {
    const own: PassedOver = {};
    const found = await imagesUnder(path.join(base, name), own);
    if (found.length === 0) empty.push({ name, passedOver: own });
    passedOver = addPassedOver(passedOver, own);
    for (const file of found) samples.push({ file, name: path.relative(base, file), target });
  }
  if (empty.length > 0) {
    const subject = empty.length === 1 ? 'class' : 'classes';
    throw new ResnetFtError(
      'DATA_INVALID',
      `${base}: no image in ${subject} ${empty.map(({ name }) => name).join(', ')}`,
      {
        hint: hintOfEmpty(base, empty, IMAGE_EXTENSIONS),
      },
    );
  }
  return { root: base, classes, samples, passedOver };
}

/** Errors of what is there, but no folder that anybody can use; at others, such as that of a server away for a moment, it may be one. */
const NO_FOLDER = ['ELOOP', 'EACCES', 'EPERM', 'ENAMETOOLONG'];

/**
 * Whether `file` is a folder, or a link to one.
 *
 * @throws ResnetFtError DATA_INVALID where that can't be told
 */
export async function isDirectory(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch (cause) {
    if (isMissing(cause) || NO_FOLDER.includes(codeOf(cause) ?? '')) return false;
    throw unreadableFolder(file, cause as NodeJS.ErrnoException);
  }
}

/**
 * Refuses what is no folder, or a link to one, and says what it is.
 *
 * @param hint what to do where there is nothing of that name
 * @throws ResnetFtError `DATA_NOT_FOUND`
 */
export async function requireFolder(folder: string, hint?: string): Promise<void> {
  let found;
  try {
    found = await stat(folder);
  } catch (cause) {
    if (isMissing(cause)) {
      const better = hintOfPasted(folder, 'name the folder') ?? hint;
      throw new ResnetFtError('DATA_NOT_FOUND', `no such folder: ${folder}`, optionalHint(better));
    }
    throw new ResnetFtError('DATA_NOT_FOUND', `${folder}: cannot be read: ${reasonOf(cause)}`, { cause });
  }
  if (!found.isDirectory()) {
    const better = hintOfFile(folder);
    throw new ResnetFtError('DATA_NOT_FOUND', `${folder} is a file, not a folder`, optionalHint(better));
  }
}

const optionalHint = (hint: string | undefined): { hint?: string } => (hint === undefined ? {} : { hint });

/** Names of the folders and files of one folder, each sorted; a link counts as what it leads to. */
export async function list(folder: string): Promise<{ folders: string[]; files: string[] }> {
  const folders: string[] = [];
  const files: string[] = [];
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw unreadableFolder(folder, cause as NodeJS.ErrnoException);
  }
  for (const entry of entries) {
    const folderLike = entry.isSymbolicLink() ? await isDirectory(path.join(folder, entry.name)) : entry.isDirectory();
    (folderLike ? folders : files).push(entry.name);
  }
  return { folders: folders.sort(compareCodePoints), files: files.sort(compareCodePoints) };
}

/** The error of a folder that is there by its name, but can't be listed. */
export function unreadableFolder(folder: string, cause: NodeJS.ErrnoException): ResnetFtError {
  const reason = cause.code === 'ENOENT' ? noSuch('folder', folder) : reasonOf(cause);
  return new ResnetFtError('DATA_INVALID', `${folder}: cannot be read: ${reason}`, { cause });
}

async function imagesUnder(root: string, passedOver: PassedOver): Promise<string[]> {
  const walked: { folder: string; files: string[] }[] = [];
  // A folder that two links lead to counts twice, as in Python; one that is among its own ancestors would have no end.
  async function walk(folder: string, ancestors: ReadonlyMap<string, string>): Promise<void> {
    const real = await realpath(folder).catch((cause: NodeJS.ErrnoException) => {
      throw unreadableFolder(folder, cause);
    });
    const ancestor = ancestors.get(real);
    if (ancestor !== undefined) {
      const { link, note } = await linkLoop(folder, ancestor);
      throw new ResnetFtError('DATA_INVALID', `${link} ${note}, so there would be no end of folders`, {
        hint: `Remove the link: rm ${shellPath(link)}`,
      });
    }
    const { folders, files } = await list(folder);
    walked.push({ folder, files });
    const chain = new Map(ancestors).set(real, folder);
    for (const name of files) if (!isImageName(name)) countPassedOver(passedOver, name);
    for (const name of folders) await walk(path.join(folder, name), chain);
  }
  await walk(root, new Map());
  // torchvision sorts whole paths, so `a-b` comes before `a/c`, which a depth-first walk would not give.
  walked.sort((a, b) => compareCodePoints(a.folder, b.folder));
  return walked.flatMap(({ folder, files }) => files.filter(isImageName).map((name) => path.join(folder, name)));
}

/** Files that nobody has put there. */
const SYSTEM_FILES = new Set(['thumbs.db', 'ehthumbs.db', 'desktop.ini', 'icon\r']);

/** Adds a file whose name is not that of an image. */
export function countPassedOver(passedOver: PassedOver, name: string): void {
  const lower = name.toLowerCase();
  if (isUnasked(name)) return;
  const kind = /\.[a-z0-9]{1,8}$/.exec(lower)?.[0] ?? 'other';
  passedOver[kind] = (passedOver[kind] ?? 0) + 1;
}

/** Whether a file is hidden, or one that systems put into folders by themselves. */
export function isUnasked(name: string): boolean {
  return name.startsWith('.') || SYSTEM_FILES.has(name.toLowerCase());
}

/** Both counts together. */
export function addPassedOver(a: PassedOver, b: PassedOver): PassedOver {
  const sum = { ...a };
  for (const [kind, files] of Object.entries(b)) sum[kind] = (sum[kind] ?? 0) + files;
  return sum;
}

/** Whether ImageFolder takes a file of this name for an image. */
export function isImageName(name: string): boolean {
  const lower = name.toLowerCase();
  return IMAGE_EXTENSIONS.some((extension) => lower.endsWith(extension));
}
