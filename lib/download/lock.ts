import { rmdir, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import lockfile from 'proper-lockfile';

const POLL = 200;

/** Ends work whose lock another process has taken over, as that of a machine that slept, or whose clock differs. */
export class LockLost extends Error {}

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
 * @param work gets a signal that also aborts, with LockLost, when the lock is lost; it is then begun again when its turn comes, for whoever
 *   has taken the lock over brings what it was to bring, or leaves it
 * @throws what `work` throws
 */
export async function withLock<T>(
  file: string,
  options: LockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (;;) {
    // Of this lock alone: one around it may be lost too, and ends this one's work by its signal.
    const lost = new AbortController();
    try {
      return await underLock(file, options, lost, work);
    } catch (error) {
      if (!lost.signal.aborted || error !== lost.signal.reason) throw error;
    }
  }
}

async function underLock<T>(
  file: string,
  options: LockOptions,
  lost: AbortController,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let release: (() => Promise<void>) | undefined;
  const held = new Held(`${file}.lock`);
  for (let waited = false; release === undefined;) {
    options.signal.throwIfAborted();
    try {
      release = await lockfile.lock(file, {
        realpath: false,
        stale: options.stale,
        // Its default throws where nobody can catch it.
        onCompromised: () => lost.abort(new LockLost(`the lock ${file}.lock was lost to another process`)),
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
      if (!waited) options.onWait();
      waited = true;
      await held.removeIfStill(options.stale);
      await sleep(POLL, undefined, { signal: options.signal });
    }
  }
  try {
    return await work(AbortSignal.any([options.signal, lost.signal]));
  } catch (error) {
    throw lost.signal.aborted && !options.signal.aborted ? lost.signal.reason : error;
  } finally {
    // A lock that was lost can't be released.
    await release().catch(() => {});
  }
}

/**
 * Another's lock, which its owner renews. By the time of day alone, one from before a clock was set back would count until that time comes
 * again.
 */
class Held {
  private renewed: number | undefined;
  /** How often it was found as it was: more telling than a time, of which some may have passed while this process stood still. */
  private still = 0;

  constructor(private readonly lock: string) {}

  /** Called every `POLL`: takes the lock away where it was not renewed for so many milliseconds. */
  async removeIfStill(milliseconds: number): Promise<void> {
    const time = (await stat(this.lock).catch(() => undefined))?.mtimeMs;
    this.still = time === this.renewed ? this.still + 1 : 0;
    this.renewed = time;
    if (time !== undefined && this.still * POLL > milliseconds) await rmdir(this.lock).catch(() => {});
  }
}
