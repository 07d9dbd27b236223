import fs from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { ResnetFtError } from '../errors';
import { FolderInUse, FolderLock, type FolderLockOptions } from './folder-lock';
import { makeFolder } from './make-folder';
import { reasonOf } from './reason';
import { removeStale } from './stale';

/** What to do about an output folder that can't be used. */
export const OTHER_OUTPUT = 'Choose another folder with --output';

/** A folder of results that no other process has meanwhile. */
export class OutputFolder {
  private constructor(
    /** Absolute. */
    readonly path: string,
    /** The outermost folder that was made for it. */
    private readonly made: string | undefined,
    private readonly lock: FolderLock,
  ) {}

  /**
   * Makes a folder where it is missing, and takes it, which shows that it can be written to. What killed processes left half-written in
   * it is removed.
   *
   * @throws ResnetFtError OUTPUT_NOT_WRITABLE, also where another process has it; the signal's reason
   */
  static async take(folder: string, options: FolderLockOptions = {}): Promise<OutputFolder> {
    const absolute = path.resolve(folder);
    const made = await makeFolder(absolute).catch((error: unknown) => {
      throw notWritable(absolute, error);
    });
    return OutputFolder.lock(absolute, made, options);
  }

  /**
   * As {@link take}, but the folder must not have been there.
   *
   * @returns undefined where it was
   */
  static async takeNew(folder: string, options: FolderLockOptions = {}): Promise<OutputFolder | undefined> {
    const absolute = path.resolve(folder);
    const made = await makeFolder(path.dirname(absolute)).catch((error: unknown) => {
      throw notWritable(absolute, error);
    });
    try {
      await mkdir(absolute);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
      throw notWritable(absolute, error);
    }
    return OutputFolder.lock(absolute, made ?? absolute, options);
  }

  private static async lock(
    folder: string,
    made: string | undefined,
    options: FolderLockOptions,
  ): Promise<OutputFolder> {
    let lock;
    try {
      lock = await FolderLock.take(folder, options);
    } catch (error) {
      removeEmpty(folder, made);
      if (options.signal?.aborted === true) throw error;
      throw error instanceof FolderInUse ? inUse(folder, error) : notWritable(folder, error);
    }
    await removeStale(folder);
    return new OutputFolder(folder, made, lock);
  }

  /**
   * Checks before a file is written that the folder is still this process's.
   *
   * @throws ResnetFtError OUTPUT_NOT_WRITABLE
   */
  check(file: string): void {
    if (!this.lock.isTaken()) return;
    const why = 'another process has taken the output folder meanwhile';
    throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `${file} is not written: ${why}`, { hint: OTHER_OUTPUT });
  }

  /** Lets others have the folder. */
  async release(): Promise<void> {
    await this.lock.release();
  }

  /** Removes the folders that were made for it if they are empty. */
  discard(): void {
    removeEmpty(this.path, this.made);
  }
}

function notWritable(folder: string, error: unknown): ResnetFtError {
  return new ResnetFtError(
    'OUTPUT_NOT_WRITABLE',
    `The output folder ${folder} can't be written to: ${reasonOf(error)}`,
    { hint: OTHER_OUTPUT, cause: error },
  );
}

function inUse(folder: string, error: FolderInUse): ResnetFtError {
  return new ResnetFtError('OUTPUT_NOT_WRITABLE', `The output folder ${folder} is ${error.message}`, {
    hint: `${OTHER_OUTPUT}, or wait for it to finish`,
    cause: error,
  });
}

/** Removes a folder and those above it up to `outermost`, as far as they are empty. */
function removeEmpty(folder: string, outermost: string | undefined): void {
  if (outermost === undefined) return;
  const top = path.resolve(outermost);
  for (let at = folder; at.startsWith(top); at = path.dirname(at)) {
    try {
      fs.rmdirSync(at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return;
    }
  }
}
