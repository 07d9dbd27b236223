import { createHash } from 'node:crypto';
import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { isImageName } from '../data/image-folder';
import { extensionOf } from '../data/image-kind';
import { ResnetFtError } from '../errors';
import { notWritable, writeAtomically } from '../files/atomic-file';
import { inodeOf } from '../files/inode';
import { makeFolder } from '../files/make-folder';
import { isMissing, reasonOf } from '../files/reason';
import { Refusal } from './refusal';

/** Hexadecimal digits of a hash in a file's name: 128 bits, by which no two images are alike. */
const DIGITS = 32;
/** Bytes of a folder's name at most. */
const LONGEST_NAME = 255;
/** Names that some system reads as something else than a folder of that name. */
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?$/i;
// eslint-disable-next-line no-control-regex
const UNFIT = /[\u0000-\u001f\u007f<>:"/\\|?*]|\p{Cs}|^[. ]|[. ]$/u;

/** Whether a class can have a folder of its name, of which nothing else is meant. */
function isFolderName(name: string): boolean {
  return name !== '' && Buffer.byteLength(name) <= LONGEST_NAME && !UNFIT.test(name) && !RESERVED.test(name);
}

/** A folder of images whose class a person has said: one sub-folder per class, as `train` reads it. */
export class Corrections {
  /** One correction at a time, for each looks at what the others left. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly folder: string,
    private readonly classes: ReadonlySet<string>,
  ) {}

  /**
   * Makes the folder where it is missing.
   *
   * @param classes of the model
   * @throws ResnetFtError OUTPUT_NOT_WRITABLE
   */
  static async open(folder: string, classes: readonly string[]): Promise<Corrections> {
    const absolute = path.resolve(folder);
    await makeFolder(absolute).catch((cause: unknown) => {
      throw notWritable(absolute, reasonOf(cause), { hint: 'Choose another folder with --corrections', cause });
    });
    return new Corrections(absolute, new Set(classes));
  }

  /** Classes whose names can't be those of folders: nothing can be corrected to them. */
  get unfit(): string[] {
    return [...this.classes].filter((name) => !isFolderName(name));
  }

  /** @throws Refusal UNKNOWN_CLASS, UNFIT_CLASS */
  checkClass(className: string): void {
    if (!this.classes.has(className)) {
      throw new Refusal(422, 'UNKNOWN_CLASS', `The model has no class ${className}`);
    }
    if (!isFolderName(className)) {
      throw new Refusal(422, 'UNFIT_CLASS', `The name of the class ${className} can't be that of a folder`);
    }
  }

  /**
   * The extension with which an image is kept.
   *
   * @throws Refusal UNFIT_FORMAT
   */
  extensionFor(bytes: Buffer): string {
    const extension = extensionOf(bytes);
    if (extension !== undefined && isImageName(`image${extension}`)) return extension;
    const what = extension === undefined ? 'A file of this format' : `A ${extension} file`;
    throw new Refusal(422, 'UNFIT_FORMAT', `${what} can't be kept: the training would pass over it`);
  }

  /**
   * Keeps the very bytes of an image as one of a class. The same image is in one class only: the latest.
   *
   * @returns its path within the folder, such as `bees/0a….jpg`
   * @throws Refusal as {@link checkClass} and {@link extensionFor}; NOT_SAVED, of which the cause says why
   */
  async keep(className: string, bytes: Buffer): Promise<string> {
    this.checkClass(className);
    const extension = this.extensionFor(bytes);
    const name = `${createHash('sha256').update(bytes).digest('hex').slice(0, DIGITS)}${extension}`;
    const kept = this.last.then(() => this.write(className, name, bytes));
    this.last = kept.catch(() => {});
    try {
      await kept;
    } catch (cause) {
      if (cause instanceof Refusal) throw cause;
      throw Object.assign(new Refusal(500, 'NOT_SAVED', 'The correction could not be written'), { cause });
    }
    return `${className}/${name}`;
  }

  private async write(className: string, name: string, bytes: Buffer): Promise<void> {
    const folder = path.join(this.folder, className);
    await makeFolder(folder);
    const others = await this.othersThan(className);
    const file = path.join(folder, name);
    const isNew = !(await isSameSize(file, bytes.length));
    // Written before it is taken out of the others, so that whatever ends the server there is an image.
    if (isNew) await writeAtomically(file, [bytes]);
    try {
      for (const other of others) await this.takeOut(other, name);
    } catch (error) {
      // What is said not to be saved must not be there: an image is in one class.
      if (isNew) await removeIfThere(folder, name).catch(() => {});
      throw error;
    }
  }

  /** Classes beside this one that have a folder, which is not the same. */
  private async othersThan(className: string): Promise<string[]> {
    const own = await inodeOf(path.join(this.folder, className));
    const others: string[] = [];
    for (const entry of await readdir(this.folder)) {
      if (entry === className || !this.classes.has(entry)) continue;
      // Where case does not count, `cat` and `Cat` are one folder. A link that leads nowhere is none.
      const inode = await inodeOf(path.join(this.folder, entry)).catch(() => undefined);
      if (inode !== own) others.push(entry);
    }
    return others;
  }

  /** @throws Refusal NOT_SAVED, of which the cause says why */
  private async takeOut(className: string, name: string): Promise<void> {
    try {
      await removeIfThere(path.join(this.folder, className), name);
    } catch (cause) {
      const message = `The image could not be taken out of the class ${className}, and stays there`;
      throw Object.assign(new Refusal(500, 'NOT_SAVED', message), { cause });
    }
  }
}

const isSameSize = async (file: string, bytes: number): Promise<boolean> =>
  (await stat(file).catch(() => undefined))?.size === bytes;

/** Removes a file and then its folder if that is empty, for `train` refuses a class without images. */
async function removeIfThere(folder: string, name: string): Promise<void> {
  try {
    await rm(path.join(folder, name));
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  await rmdir(folder).catch(() => {});
}

/** Why a correction was not kept, for whoever runs the server. */
export function causeOf(error: unknown): string | undefined {
  const { cause } = error as Error;
  if (cause instanceof ResnetFtError) return cause.message;
  return cause === undefined ? undefined : reasonOf(cause);
}
