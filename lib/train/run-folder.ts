import fs from 'node:fs';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { ResnetFtError } from '../errors';
import type { EpochRecord, StepRecord } from './events';

/** `runs/2026-01-31T12-30-05`, in local time. */
export function defaultOutput(now = new Date()): string {
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
  return path.join('runs', local.toISOString().slice(0, 19).replaceAll(':', '-'));
}

/** The output folder of one run: files appear in it whole; the metrics grow line by line. */
export class RunFolder {
  private metrics: number | undefined;

  private constructor(
    readonly path: string,
    /** The outermost folder that this run made. */
    private readonly made: string | undefined,
  ) {}

  /**
   * Makes the folder and checks that it can be written to, before any work is done.
   *
   * @throws ResnetFtError OUTPUT_NOT_WRITABLE, also for a folder that holds a run already.
   */
  static prepare(output: string | undefined): RunFolder {
    let folder = path.resolve(output ?? defaultOutput());
    if (output === undefined) {
      for (let n = 2, base = folder; fs.existsSync(folder); n++) folder = `${base}-${n}`;
    }
    for (const file of ['config.json', 'metrics.jsonl']) {
      if (fs.existsSync(path.join(folder, file))) {
        throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `The output folder ${folder} holds a run already (${file})`, {
          hint: 'Choose another folder with --output',
        });
      }
    }
    let made: string | undefined;
    try {
      made = fs.mkdirSync(folder, { recursive: true });
      const probe = path.join(folder, `.probe-${process.pid}`);
      fs.closeSync(fs.openSync(probe, 'wx'));
      fs.unlinkSync(probe);
    } catch (error) {
      new RunFolder(folder, made).discard();
      const reason = (error as NodeJS.ErrnoException).code ?? String(error);
      throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `The output folder ${folder} can't be written to (${reason})`, {
        hint: 'Choose another folder with --output',
        cause: error,
      });
    }
    return new RunFolder(folder, made);
  }

  /** Path of a file of the folder. */
  file(name: string): string {
    return path.join(this.path, name);
  }

  /** Writes a text file: temporary name, fsync, rename. */
  async write(name: string, text: string): Promise<void> {
    await this.guard(name, () => writeFileAtomic(this.file(name), text, { fsync: true }));
  }

  /** Writes one record a line, whole or not at all. */
  async writeLines(name: string, records: readonly unknown[]): Promise<void> {
    await this.write(name, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }

  /** Appends a record to `metrics.jsonl`. */
  append(record: StepRecord | EpochRecord): void {
    try {
      this.metrics ??= fs.openSync(this.file('metrics.jsonl'), 'a');
      fs.writeSync(this.metrics, `${JSON.stringify(record)}\n`);
    } catch (error) {
      throw this.failure('metrics.jsonl', error);
    }
  }

  /** Runs something that writes `name`, and turns a failure of the file system into an error of ours. */
  async guard<T>(name: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      throw error instanceof ResnetFtError ? error : this.failure(name, error);
    }
  }

  private failure(name: string, error: unknown): ResnetFtError {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    return new ResnetFtError('OUTPUT_NOT_WRITABLE', `${this.file(name)} can't be written (${reason})`, {
      cause: error,
    });
  }

  /** Closes what is open. */
  close(): void {
    if (this.metrics !== undefined) fs.closeSync(this.metrics);
    this.metrics = undefined;
  }

  /** Removes the folders that this run made, as far as they are empty: nothing is left of a run that never began. */
  discard(): void {
    if (this.made === undefined) return;
    const top = path.resolve(this.made);
    for (let folder = this.path; folder.startsWith(top); folder = path.dirname(folder)) {
      try {
        fs.rmdirSync(folder);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return;
      }
    }
  }
}
