import { setTimeout as sleep } from 'node:timers/promises';
import lockfile from 'proper-lockfile';

const POLL = 200;

export interface LockOptions {
  signal: AbortSignal;
  /** Called once where another holds the lock. */
  onWait: () => void;
  /** Milliseconds after which the lock of a process that no longer renews it is taken over; at least 2000. */
  stale: number;
}

/**
 * Runs `work` while no other process that uses the same lock does; waits for its turn. The lock is the folder `<file>.lock`,
 * which works across machines that share a file system.
 *
 * @param work gets a signal that also aborts when the lock is lost (a machine that slept, for instance).
 */
export async function withLock<T>(
  file: string,
  options: LockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  let release: (() => Promise<void>) | undefined;
  for (let waited = false; release === undefined;) {
    options.signal.throwIfAborted();
    try {
      release = await lockfile.lock(file, {
        realpath: false,
        stale: options.stale,
        // Its default throws where nobody can catch it.
        onCompromised: () => lost.abort(new Error(`the lock ${file}.lock was lost to another process`)),
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
      if (!waited) options.onWait();
      waited = true;
      await sleep(POLL, undefined, { signal: options.signal });
    }
  }
  try {
    return await work(AbortSignal.any([options.signal, lost.signal]));
  } finally {
    // A lock that was lost can't be released.
    await release().catch(() => {});
  }
}
