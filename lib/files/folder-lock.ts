import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRegularFile } from './regular-file';
import { lives, place, startOf, temporaryName, UNKNOWN } from './stale';

// A folder is held by a folder in it, which appears with its content by a rename: that is atomic, and fails while there is another.
// On the machine of its owner the process decides whether it still counts, so that one that is stopped for a while keeps it. From
// elsewhere (another machine on a network file system, another container) only its renewal can be seen, and so it is within a process: a
// thread that was terminated lets go of nothing.

const HELD = '.in-use';
const OWNER = 'owner.json';

/** Milliseconds between two renewals. */
const BEAT = 5000;
/** Milliseconds without a renewal after which the owner elsewhere counts as dead. */
const SILENCE = 60_000;
const LOOK = 500;

/** The process that holds a folder. */
export interface FolderOwner {
  pid: number;
  host: string;
  /** Within which `pid` means one process. */
  place: string;
  /** When the process started, in the system's ticks; `0` where the system does not tell. */
  start: string;
  /** Told apart from every other holding by this. */
  token: string;
}

/** Thrown where another process holds the folder. */
export class FolderInUse extends Error {
  constructor(
    readonly owner: FolderOwner,
    /** The folder that marks it as held; to be removed by hand if its owner is known to be dead. */
    readonly held: string,
  ) {
    const elsewhere = owner.place === place() ? '' : ` of ${owner.host}`;
    super(`in use by process ${owner.pid}${elsewhere}`);
  }
}

export interface FolderLockOptions {
  /** Called once where only time can tell whether the owner, on another machine or in another thread, still lives: up to a minute. */
  onWait?: (owner: FolderOwner) => void;
  signal?: AbortSignal;
  /** Milliseconds, for tests. */
  silence?: number;
}

/** Of this thread's holdings, from before they are seen. */
const ours = new Set<string>();

/** Held now: `process.exit`, or a second signal, ends a process in the midst of its work. */
const holdings = new Set<FolderLock>();

process.once('exit', () => {
  for (const lock of holdings) lock.abandon();
});

/** A folder that no other process may hold while this one does. A process that exits lets go of it; of one that was killed it is taken over. */
export class FolderLock {
  private readonly held: string;
  private readonly beat: NodeJS.Timeout;

  private constructor(
    private readonly folder: string,
    private readonly owner: FolderOwner,
    /** Of the mark, as {@link identity} tells it. */
    private readonly mark: string | undefined,
  ) {
    holdings.add(this);
    this.held = path.join(folder, HELD);
    this.beat = setInterval(() => {
      const now = new Date();
      if (this.isOurs()) utimes(path.join(this.held, OWNER), now, now).catch(() => {});
    }, BEAT).unref();
  }

  /**
   * Holds an existing folder. A holding whose process has ended is taken over.
   *
   * @throws FolderInUse, the file system's error, or the signal's reason
   */
  static async take(folder: string, options: FolderLockOptions = {}): Promise<FolderLock> {
    const { pid } = process;
    const token = randomBytes(8).toString('hex');
    const owner = { pid, host: os.hostname(), place: place(), start: startOf(pid) ?? UNKNOWN, token };
    const held = path.join(folder, HELD);
    const fresh = temporaryName(path.join(folder, 'in-use'));
    try {
      ours.add(token);
      await mkdir(fresh);
      await writeFile(path.join(fresh, OWNER), JSON.stringify(owner), { flush: true });
      while (!(await put(fresh, held))) {
        const other = await readOwner(held);
        if (other === undefined) continue; // released meanwhile
        if (await isAlive(held, other, options)) throw new FolderInUse(other, held);
        await bury(held, other);
      }
    } catch (error) {
      ours.delete(token);
      await rm(fresh, { recursive: true, force: true }).catch(() => {});
      throw error;
    }
    return new FolderLock(folder, owner, await identity(held));
  }

  /**
   * Whether another process has taken the folder over. A holding that was removed, or can't be read at the moment, is taken by nobody:
   * what this process has worked for may still be written.
   */
  isTaken(): boolean {
    const token = this.readToken();
    return token !== undefined && token !== this.owner.token;
  }

  /** Whether the holding is there, and this one. */
  isOurs(): boolean {
    return this.readToken() === this.owner.token;
  }

  private readToken(): string | undefined {
    try {
      // Not as 'utf8': of that Node.js 20 has a short cut that aborts the process where closing the file fails.
      return (JSON.parse(readFileSync(path.join(this.held, OWNER)).toString()) as Partial<FolderOwner>).token;
    } catch {
      return undefined;
    }
  }

  /** Lets others hold the folder; never fails. */
  async release(): Promise<void> {
    clearInterval(this.beat);
    holdings.delete(this);
    ours.delete(this.owner.token);
    if (!(await this.isToBeRemoved())) return;
    for (const name of await readdir(this.folder).catch(() => [])) {
      if (name.startsWith(`${HELD}-`))
        await rm(path.join(this.folder, name), { recursive: true, force: true }).catch(() => {});
    }
    // Moved first, so that the holding is never seen without its content.
    const moved = temporaryName(path.join(this.folder, 'in-use'));
    await rename(this.held, moved).catch(() => {});
    await rm(moved, { recursive: true, force: true }).catch(() => {});
  }

  /** Whether the mark is this holding's; where it can't be read, it is known by what a rename would change of it. */
  private async isToBeRemoved(): Promise<boolean> {
    if (this.isOurs()) return true;
    if (this.isTaken() || this.mark === undefined) return false;
    return (await identity(this.held)) === this.mark;
  }

  /** As {@link release}, at once: for a process that is about to end. */
  abandon(): void {
    if (!this.isOurs()) return;
    try {
      const moved = temporaryName(path.join(this.folder, 'in-use'));
      renameSync(this.held, moved);
      rmSync(moved, { recursive: true, force: true });
    } catch {
      // Whoever comes next takes over what a process has left.
    }
  }
}

/** Puts the mark in place; false if there is one already. */
async function put(fresh: string, held: string): Promise<boolean> {
  try {
    await rename(fresh, held);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    if (isWindowsExists(code) && (await stat(held).catch(() => undefined)) !== undefined) return false;
    throw error;
  }
}

/** What Windows reports when a folder is renamed to one that exists. */
const isWindowsExists = (code: string | undefined): boolean => process.platform === 'win32' && code === 'EPERM';

/** Undefined where nobody holds the folder. What can't be read, as after a crash of the system, belongs to nobody who lives. */
async function readOwner(held: string): Promise<FolderOwner | undefined> {
  const before = await identity(held);
  if (before === undefined) return undefined;
  try {
    const read = JSON.parse((await readRegularFile(path.join(held, OWNER))).toString()) as Record<
      keyof FolderOwner,
      unknown
    >;
    const token = String(read.token);
    if (!/^[0-9a-f]+$/.test(token)) throw new Error('no token');
    return {
      pid: Number(read.pid),
      host: String(read.host),
      place: String(read.place),
      start: String(read.start),
      token,
    };
  } catch {
    // Another holding may have come between, which is whole: only of the same one is it known that it can't be read.
    if ((await identity(held)) !== before) return readOwner(held);
    return { pid: 0, host: '', place: '', start: UNKNOWN, token: before };
  }
}

/** Identifies the mark, which a rename has put in place: a new one has another; undefined if there is none. */
async function identity(held: string): Promise<string | undefined> {
  const found = await stat(held, { bigint: true }).catch(() => undefined);
  return found === undefined ? undefined : `${found.ino}-${found.ctimeNs}`;
}

async function isAlive(held: string, owner: FolderOwner, options: FolderLockOptions): Promise<boolean> {
  if (!(owner.pid > 0)) return false;
  // Where the system does not tell whose the id is, it counts as the owner's.
  if (owner.place === place()) {
    const processLives = lives(owner.pid, owner.start) ?? true;
    const inOtherThread = owner.pid === process.pid && !ours.has(owner.token);
    if (!processLives || !inOtherThread) return processLives;
  }
  options.onWait?.(owner);
  // The clocks of two machines differ: what counts is whether the time changes, not what it is.
  const renewed = async (): Promise<number | undefined> =>
    (await stat(path.join(held, OWNER)).catch(() => undefined))?.mtimeMs;
  const first = await renewed();
  const end = performance.now() + (options.silence ?? SILENCE);
  while (performance.now() < end) {
    await sleep(LOOK, undefined, { signal: options.signal });
    const now = await renewed();
    if (now === undefined) return false; // released
    if (now !== first) return true;
  }
  return false;
}

/**
 * Takes away the holding of an owner who is dead, and no other: the folder that it is moved to has the owner's name and stays, so that
 * a process that found the same dead owner but comes later finds the place taken, and moves nothing.
 */
async function bury(held: string, { token }: FolderOwner): Promise<void> {
  try {
    await rename(held, `${held}-${token}`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const late = code === 'ENOENT' || code === 'ENOTEMPTY' || code === 'EEXIST' || isWindowsExists(code);
    if (!late) throw error;
  }
}
