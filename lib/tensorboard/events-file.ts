import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { encodeEvent, frame, type EventContent } from './event';

const NAME = /^events\.out\.tfevents\.(\d+)\./;

/** A file of events that TensorBoard reads; each is in it as soon as it is written, so that a process that is killed leaves what it had. */
export class EventsFile {
  private readonly handle: number;
  /** Whether there are files before, and nothing has said yet from which step on they do not count. */
  private follows: boolean;
  /** Absolute. */
  readonly file: string;

  /**
   * Begins a new file, after those that are there: TensorBoard reads them in the order of their names.
   *
   * @throws the file system's error
   */
  constructor(folder: string) {
    fs.mkdirSync(folder, { recursive: true });
    const before = fs
      .readdirSync(folder)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .map(Number);
    this.follows = before.length > 0;
    const seconds = Math.max(Math.floor(Date.now() / 1000), ...before.map((one) => one + 1));
    const host = os.hostname().replace(/[^\w.-]/g, '_');
    this.file = path.resolve(folder, `events.out.tfevents.${seconds}.${host}.${process.pid}.0`);
    this.handle = fs.openSync(this.file, 'ax');
    try {
      this.put(0, { kind: 'version' });
    } catch (error) {
      // Nobody else has the handle.
      ignoringErrors(() => this.close());
      throw error;
    }
  }

  /**
   * Appends an event. Before the first, what files before have of its step and later ones is taken back: also a run that was stopped within its first
   * epoch, and goes on from its beginning, does those again.
   *
   * @throws the file system's error
   */
  write(step: number, content: EventContent): void {
    if (this.follows && content.kind !== 'restart') this.put(step, { kind: 'restart' });
    this.follows = false;
    this.put(step, content);
  }

  private put(step: number, content: EventContent): void {
    const bytes = frame(encodeEvent({ seconds: Date.now() / 1000, step, ...content }));
    for (let done = 0; done < bytes.length;) done += fs.writeSync(this.handle, bytes, done);
  }

  /** @throws the file system's error: some tell only now that what was written is lost */
  close(): void {
    fs.closeSync(this.handle);
  }
}

function ignoringErrors(work: () => void): void {
  try {
    work();
  } catch {
    // What came before it is what is told.
  }
}
