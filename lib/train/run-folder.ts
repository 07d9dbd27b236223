import fs from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { ResnetFtError } from '../errors';
import type { FolderLockOptions, FolderOwner } from '../files/folder-lock';
import { OTHER_OUTPUT, OutputFolder } from '../files/output-folder';
import { reasonOf } from '../files/reason';
import { readIfThere } from '../files/regular-file';
import { writeAtomically } from '../files/atomic-file';
import { removeStale } from '../files/stale';
import { MODEL_FILE } from '../model/locate';
import { countOfTrainings, PLAN } from '../model/several';
import { CONFIG, METRICS, PREDICTIONS, REPORT, REPORT_DATA, RESULT, SKIPPED } from '../report/records';
import { isRunConfig } from '../report/shapes';
import type { EpochRecord, StepRecord } from './events';
import { trainingStopped } from './fit';
import { resumeCommand } from '../report/commands';
import type { RunControl } from './run';

/** `runs/2026-01-31T12-30-05`, in local time. */
function defaultOutput(now = new Date()): string {
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
  return path.join('runs', local.toISOString().slice(0, 19).replaceAll(':', '-'));
}

export { CONFIG, RESULT } from '../report/records';
/** The weights after the last step. */
export const LAST = 'last.safetensors';
/** Folder of the checkpoints. */
export const CHECKPOINTS = 'checkpoints';
/** Of a checkpoint: named by the optimizer steps that are done. */
export const CHECKPOINT_NAME = /^step-(\d{8,16})\.safetensors$/;

/** Beginning of the names of files that are gone as soon as they are open; a process may be killed between the two. */
export const SCRATCH = '.features';

/** What a run writes beside its checkpoints: files of these names would be replaced, or added to. */
const WRITTEN = [MODEL_FILE, LAST, RESULT, METRICS, PREDICTIONS, SKIPPED, REPORT, REPORT_DATA];
/** What several trainings write into the folder that holds theirs. */
const WRITTEN_BY_SEVERAL = [PREDICTIONS, 'folds.json', 'seeds.json'];

/** The output folder of one run: files appear in it whole; the metrics grow line by line. No other run may have it meanwhile. */
export class RunFolder {
  private metrics: number | undefined;

  private constructor(private readonly folder: OutputFolder) {}

  /**
   * Makes the folder, takes it for this run, which shows that it can be written to, and removes what killed runs left half-written,
   * before any work is done.
   *
   * @throws ResnetFtError OUTPUT_NOT_WRITABLE, also for a folder that holds a run already, or a file that this one would
   *   overwrite, or that another run is writing to
   */
  static async prepare(output: string | undefined, options: FolderLockOptions = {}): Promise<RunFolder> {
    const folder = await takeOutput(output, options);
    const prepared = new RunFolder(folder);
    const refused = await refusedFor(folder.path, fileOfRun);
    if (refused !== undefined) {
      await prepared.close();
      prepared.discard();
      throw refused;
    }
    await removeScratch(folder.path);
    return prepared;
  }

  /**
   * Takes the folder of a run, to go on with it.
   *
   * @throws ResnetFtError OUTPUT_NOT_WRITABLE, also where another process has it, or ABORTED
   */
  static async reopenFor(folder: string, run: RunControl): Promise<RunFolder> {
    return waiting(run, async (options) => {
      const reopened = new RunFolder(await OutputFolder.take(folder, options));
      await removeScratch(folder);
      await removeStale(reopened.file(CHECKPOINTS));
      return reopened;
    });
  }

  /**
   * As {@link prepare}, for a run. Where another machine may hold the folder, finding out takes a while, and the run is told.
   *
   * @throws ResnetFtError as prepare, or ABORTED
   */
  static async prepareFor(output: string | undefined, run: RunControl): Promise<RunFolder> {
    return waiting(run, (options) => RunFolder.prepare(output, options));
  }

  get path(): string {
    return this.folder.path;
  }

  /** Path of a file of the folder. */
  file(name: string): string {
    return path.join(this.path, name);
  }

  /** Writes a text file: temporary name, fsync, rename. */
  async write(name: string, text: string): Promise<void> {
    await this.guard(name, () => writeAtomically(this.file(name), [Buffer.from(text)]));
  }

  /** Writes one record a line, whole or not at all. */
  async writeLines(name: string, records: readonly unknown[]): Promise<void> {
    await this.write(name, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }

  /** Appends a record to `metrics.jsonl`, whole or not at all. */
  append(record: StepRecord | EpochRecord): void {
    try {
      this.metrics ??= fs.openSync(this.file(METRICS), 'a');
      appendWhole(this.metrics, Buffer.from(`${JSON.stringify(record)}\n`));
    } catch (error) {
      throw this.failure(METRICS, error);
    }
  }

  /** Bytes of `metrics.jsonl`. */
  get metricsEnd(): number {
    try {
      return fs.statSync(this.file(METRICS), { throwIfNoEntry: false })?.size ?? 0;
    } catch (error) {
      throw this.failure(METRICS, error);
    }
  }

  /** Makes durable what `metrics.jsonl` has. */
  syncMetrics(): void {
    try {
      if (this.metrics !== undefined) fs.fsyncSync(this.metrics);
    } catch (error) {
      throw this.failure(METRICS, error);
    }
  }

  /**
   * Checks that `metrics.jsonl` has at least so many bytes.
   *
   * @throws ResnetFtError CHECKPOINT_INVALID, or OUTPUT_NOT_WRITABLE where that can't be seen
   */
  requireMetrics(end: number): void {
    const there = this.metricsEnd;
    if (there >= end) return;
    throw new ResnetFtError(
      'CHECKPOINT_INVALID',
      `${this.file(METRICS)} has ${there} bytes, and had ${end} when the run was saved`,
      {
        hint: 'Put the file back, or begin the run anew in another folder',
      },
    );
  }

  /**
   * Takes off what `metrics.jsonl` has beyond so many bytes.
   *
   * @throws ResnetFtError OUTPUT_NOT_WRITABLE, or CHECKPOINT_INVALID where it has less
   */
  cutMetrics(end: number): void {
    this.requireMetrics(end);
    if (this.metricsEnd === end) return;
    try {
      fs.truncateSync(this.file(METRICS), end);
    } catch (error) {
      throw this.failure(METRICS, error);
    }
  }

  /** Removes a file that may be there. */
  async remove(name: string): Promise<void> {
    await this.guard(name, () => rm(this.file(name), { force: true }));
  }

  /** Runs something that writes `name`, and turns a failure of the file system into an error of ours. */
  async guard<T>(name: string, write: () => Promise<T>): Promise<T> {
    this.folder.check(this.file(name));
    try {
      return await write();
    } catch (error) {
      throw error instanceof ResnetFtError ? error : this.failure(name, error);
    }
  }

  private failure(name: string, error: unknown): ResnetFtError {
    return new ResnetFtError('OUTPUT_NOT_WRITABLE', `${this.file(name)} can't be written: ${reasonOf(error)}`, {
      cause: error,
    });
  }

  /**
   * Closes what is open, and lets others have the folder.
   *
   * @throws ResnetFtError OUTPUT_NOT_WRITABLE where the file system says only now that the metrics are not written
   */
  async close(): Promise<void> {
    try {
      if (this.metrics !== undefined) fs.closeSync(this.metrics);
    } catch (error) {
      throw this.failure(METRICS, error);
    } finally {
      this.metrics = undefined;
      await this.folder.release();
    }
  }

  /** Removes the folders that this run made, as far as they are empty: nothing is left of a run that never began. */
  discard(): void {
    this.folder.discard();
  }
}

/** Writes to the end of a file; where that fails, what was written of it is taken off again, so that no half of a line stays. */
function appendWhole(descriptor: number, bytes: Uint8Array): void {
  let done = 0;
  try {
    // A write may do less than it was asked for.
    while (done < bytes.length) done += fs.writeSync(descriptor, bytes, done);
  } catch (error) {
    try {
      if (done > 0) fs.ftruncateSync(descriptor, fs.fstatSync(descriptor).size - done);
    } catch {
      // Resuming takes it off.
    }
    throw error;
  }
}

/** Calls `take`, and tells the run where that has to wait for another machine. */
async function waiting<T>({ signal, emit }: RunControl, take: (options: FolderLockOptions) => Promise<T>): Promise<T> {
  const onWait = ({ pid, host }: FolderOwner): void => {
    const holder = pid === process.pid ? 'another thread of this process' : `process ${pid} of ${host}`;
    const note = `the output folder is held by ${holder}: waiting up to a minute to see whether it still runs`;
    emit({ kind: 'note', note });
  };
  try {
    return await take({ signal, onWait });
  } catch (error) {
    throw signal.aborted ? trainingStopped(signal) : error;
  }
}

/**
 * Takes the output folder of several trainings, as {@link RunFolder.prepareFor} does that of one.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE, also for the folder of one run, or one with files that they would overwrite; ABORTED
 */
export async function takeFolderOfRuns(output: string | undefined, run: RunControl): Promise<OutputFolder> {
  return waiting(run, async (options) => {
    const folder = await takeOutput(output, options);
    if (fs.existsSync(path.join(folder.path, PLAN))) return folder;
    const refused = await refusedFor(folder.path, (at) => firstThere(at, WRITTEN_BY_SEVERAL));
    if (refused === undefined) return folder;
    await folder.release();
    folder.discard();
    throw refused;
  });
}

const takeOutput = (output: string | undefined, options: FolderLockOptions): Promise<OutputFolder> =>
  output === undefined ? takeDefault(options) : OutputFolder.take(output, options);

/** A new folder of the default name. */
async function takeDefault(options: FolderLockOptions): Promise<OutputFolder> {
  const base = defaultOutput();
  for (let n = 1; ; n++) {
    const folder = await OutputFolder.takeNew(n === 1 ? base : `${base}-${n}`, options);
    if (folder !== undefined) return folder;
  }
}

async function removeScratch(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (/^-\d+$/.test(name.slice(SCRATCH.length)) && name.startsWith(SCRATCH))
      await rm(path.join(folder, name), { force: true }).catch(() => {});
  }
}

/**
 * The error of a folder that a run can't have for what is in it, or of which that can't be seen; undefined where it can have it. It is told and
 * not thrown, so that whoever holds the folder lets go of it.
 *
 * @param overwritten the file in a folder that would be replaced, or added to
 */
async function refusedFor(
  folder: string,
  overwritten: (folder: string) => string | undefined,
): Promise<ResnetFtError | undefined> {
  try {
    return (await holdsRun(folder)) ?? wouldOverwrite(folder, overwritten(folder));
  } catch (cause) {
    // It may hold a run, which another must not be written over.
    return notSeen(folder, cause);
  }
}

/** The error of a folder that can't be looked into, or of what is in it. */
function notSeen(folder: string, cause: unknown): ResnetFtError {
  const { path: at } = cause as NodeJS.ErrnoException;
  const name = at === undefined ? '' : path.relative(folder, at);
  const what = name === '' ? "can't be read" : `has ${name}, which can't be looked at`;
  return refusal(`${folder} ${what}: ${reasonOf(cause)}`, OTHER_OUTPUT, cause);
}

/**
 * The error of a folder that holds a run, or what looks like one; undefined where it holds none.
 *
 * @throws the file system's error
 */
async function holdsRun(folder: string): Promise<ResnetFtError | undefined> {
  const names = fs.readdirSync(folder);
  const goOn = `Go on with it: ${resumeCommand(folder)}. Or choose another folder with --output`;
  if (names.includes(CONFIG)) {
    // Models of other programs have a file of this name.
    if (!(await hasOurConfig(folder))) return notOurs(folder, CONFIG);
    const finished = names.includes(RESULT);
    const what = `a run already (${CONFIG})${finished ? '' : ', which was stopped or killed before its end'}`;
    return refusal(`${folder} holds ${what}`, finished ? OTHER_OUTPUT : goOn);
  }
  if (!names.includes(PLAN)) return undefined;
  if ((await countOfTrainings(folder)) === undefined) return notOurs(folder, PLAN);
  return refusal(`${folder} holds several trainings (${PLAN})`, goOn);
}

/** The error of a folder that has a file already that is to be written; undefined where there is no such file. */
function wouldOverwrite(folder: string, there: string | undefined): ResnetFtError | undefined {
  return there === undefined ? undefined : refusal(`${folder} already has ${there}, which this run would overwrite`);
}

/**
 * The first of the files that is there.
 *
 * @throws the file system's error
 */
const firstThere = (folder: string, names: readonly string[]): string | undefined =>
  names.find((name) => isThere(path.join(folder, name)));

/**
 * A file that a run would replace or add to.
 *
 * @throws the file system's error
 */
function fileOfRun(folder: string): string | undefined {
  return firstThere(folder, WRITTEN) ?? checkpointIn(path.join(folder, CHECKPOINTS));
}

/** A link that leads nowhere is there too: it would be replaced. */
function isThere(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** A checkpoint that a run of the same folder would replace, or remove as one of its own; other files it leaves alone. */
function checkpointIn(folder: string): string | undefined {
  // What stands there need not be a folder: whoever writes to it says so.
  const names = isFolder(folder) ? fs.readdirSync(folder) : [];
  const checkpoint = names.find((name) => CHECKPOINT_NAME.test(name));
  return checkpoint === undefined ? undefined : path.join(CHECKPOINTS, checkpoint);
}

function isFolder(at: string): boolean {
  return fs.statSync(at, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Whether `config.json` is of a run of train: only with such a one it can be gone on. */
async function hasOurConfig(folder: string): Promise<boolean> {
  try {
    return isRunConfig(JSON.parse(String(await readIfThere(path.join(folder, CONFIG)))));
  } catch {
    return false;
  }
}

const notOurs = (folder: string, file: string): ResnetFtError =>
  refusal(`${folder} has a ${file} that is not of resnet-ft, or is damaged`);

const refusal = (what: string, hint = OTHER_OUTPUT, cause?: unknown): ResnetFtError =>
  new ResnetFtError('OUTPUT_NOT_WRITABLE', `The output folder ${what}`, { hint, cause });
