import { ResnetFtError } from '../errors';
import { reasonOf } from '../files/reason';
import { flushTime, stopCode } from './stop';

/** Exit code of a program that SIGPIPE ends, as a shell gives it. */
const SIGPIPE_CODE = 141;

let failure: NodeJS.ErrnoException | undefined;
let dispensable = false;
const listeners = new Set<() => void>();

/** Leaves failures of the standard streams to {@link settleOutput}; otherwise they would be uncaught exceptions. */
export function watchStreams(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    failure ??= error;
    for (const listener of listeners) listener();
  });
  // There is nowhere left to report it.
  process.stderr.on('error', () => {});
}

/** Calls back when standard output can't be written to any more, or at once if that has happened already. */
export function onOutputFailure(listener: () => void): void {
  if (failure !== undefined) listener();
  listeners.add(listener);
}

/** Marks a command whose results are in files: it runs to its end even if nobody reads what it prints. */
export function resultsAreInFiles(): void {
  dispensable = true;
}

/** Whether the reader of standard output has gone away, as `head` does when it has what it wants. */
const readerGone = ({ code }: NodeJS.ErrnoException): boolean =>
  code === 'EPIPE' || code === 'ECONNRESET' || (code === 'EIO' && process.stdout.isTTY);

/** How a command ends: with an error to report, or quietly with an exit code. */
export type End = ({ error: unknown } | { code: number }) & {
  /** Whether the reader does not read: what waits for it would keep the process alive. */
  unread?: true;
};

/** Waits until standard output is written. @returns false where a signal has stopped the command, and the reader reads nothing. */
async function flushed(): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const most = flushTime();
  const written = new Promise<boolean>((resolve) => process.stdout.write('', () => resolve(true)));
  const over = new Promise<boolean>((resolve) => {
    if (most !== undefined) timer = setTimeout(resolve, most, false);
  });
  return Promise.race([written, over]).finally(() => clearTimeout(timer));
}

/**
 * Waits until everything is written, without limit unless a signal has stopped the command, and decides how a command ends if part of its output could
 * not be written.
 *
 * @param error what has ended the command, if anything
 * @returns undefined if all is well
 */
export async function settleOutput(error: unknown): Promise<End | undefined> {
  if (!(await flushed())) return error === undefined ? { code: stopCode(), unread: true } : { error, unread: true };
  await new Promise(setImmediate);
  const stopped = error instanceof ResnetFtError && error.code === 'ABORTED';
  if (failure === undefined || (error !== undefined && !stopped)) return error === undefined ? undefined : { error };
  if (readerGone(failure)) {
    if (!dispensable) return { code: SIGPIPE_CODE };
    return error === undefined ? undefined : { error };
  }
  const message = `standard output can't be written to: ${reasonOf(failure)}`;
  const hint = 'The files that the command wrote are complete all the same';
  return {
    error: new ResnetFtError('OUTPUT_NOT_WRITABLE', message, { cause: failure, ...(dispensable ? { hint } : {}) }),
  };
}
