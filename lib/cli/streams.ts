import { ResnetFtError } from '../errors';
import { reasonOf } from '../files/reason';

/** Exit code of a program that SIGPIPE ends, as a shell gives it. */
const SIGPIPE_CODE = 141;

let failure: NodeJS.ErrnoException | undefined;
let dispensable = false;
const listeners = new Set<() => void>();

/** Makes what goes wrong with the standard streams a matter of {@link settleOutput}, instead of an exception that nobody catches. */
export function watchStreams(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    failure ??= error;
    for (const listener of listeners) listener();
  });
  // Nobody is left to tell it to.
  process.stderr.on('error', () => {});
}

/** Calls back when standard output can't be written to any more; at once where that is so already. */
export function onOutputFailure(listener: () => void): void {
  if (failure !== undefined) listener();
  listeners.add(listener);
}

/** Says that what the command makes is in files: it goes on to its end where nobody reads what it prints. */
export function resultsAreInFiles(): void {
  dispensable = true;
}

/** Whether the reader of standard output has gone away, as `head` does when it has what it wants. */
const readerGone = ({ code }: NodeJS.ErrnoException): boolean =>
  code === 'EPIPE' || code === 'ECONNRESET' || (code === 'EIO' && process.stdout.isTTY);

/**
 * Waits until everything is written, and says how a command ends of which standard output is missing something.
 *
 * @param error what has ended the command; undefined where nothing has
 * @returns the error to report, or the exit code of a quiet end; undefined where nothing is amiss
 */
export async function settleOutput(error: unknown): Promise<{ error: unknown } | { code: number } | undefined> {
  await new Promise((resolve) => process.stdout.write('', resolve));
  await new Promise(setImmediate);
  const stopped = error instanceof ResnetFtError && error.code === 'ABORTED';
  if (failure === undefined || (error !== undefined && !stopped)) return error === undefined ? undefined : { error };
  if (readerGone(failure)) {
    if (!dispensable) return { code: SIGPIPE_CODE };
    return error === undefined ? undefined : { error };
  }
  const message = `standard output can't be written to: ${reasonOf(failure)}`;
  const hint = 'What the command writes into files is there all the same';
  return {
    error: new ResnetFtError('OUTPUT_NOT_WRITABLE', message, { cause: failure, ...(dispensable ? { hint } : {}) }),
  };
}
