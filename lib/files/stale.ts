import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { lstat, readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

// Temporary files carry the process that they belong to in their names, so that a later run knows which of them nobody
// will finish: `.<file>.<place>-<pid>-<start>-<random>.tmp`.

/** Where the owner can't be looked up, a file that was not written to for so long has none. */
const ABANDONED_MS = 24 * 3_600_000;

const NAME = /^\.(.+)\.([0-9a-f]{8})-(\d{1,10})-(\d{1,15})-[0-9a-f]{8}\.tmp$/s;

/** Most bytes of the file's own name; file systems allow 255 for all of it. */
const MAX_BASE = 160;

/** Start of a process that the system does not tell. */
export const UNKNOWN = '0';

/**
 * The name of a temporary file or folder beside `file`, which becomes it by a rename. No two calls give the same name.
 * {@link removeStale} knows by it whether the process that made it still lives.
 */
export function temporaryName(file: string): string {
  const base = Buffer.from(path.basename(file)).subarray(0, MAX_BASE).toString('utf8').replaceAll('\ufffd', '');
  const owner = `${place()}-${process.pid}-${startOf(process.pid) ?? UNKNOWN}`;
  return path.join(path.dirname(file), `.${base}.${owner}-${randomBytes(4).toString('hex')}.tmp`);
}

/**
 * Removes from a folder the temporary files and folders of {@link temporaryName} whose process has ended (killed, or crashed),
 * and those of other machines that were not written to for a day, if they are this user's. What a living process writes stays, and so does everything
 * of another name. Never fails: what can't be removed stays.
 *
 * @param isMeant whether to remove those of a file with this name (its first 160 bytes); default all
 */
export async function removeStale(folder: string, isMeant: (base: string) => boolean = () => true): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [matched, base = '', where, pid, start = UNKNOWN] = NAME.exec(name) ?? [];
    if (matched === undefined || !isMeant(base)) continue;
    const file = path.join(folder, name);
    const alive = where === place() ? lives(Number(pid), start) : undefined;
    if (alive === true) continue;
    if (alive === undefined && !(await isOld(file))) continue;
    if (!(await isOwn(file))) continue;
    await rm(file, { recursive: true, force: true }).catch(() => {});
  }
}

/**
 * In a folder where everybody may write, as the system's temporary one, others can give theirs such names, and put a link in place of a
 * folder of them while it is being removed.
 */
async function isOwn(file: string): Promise<boolean> {
  const user = process.getuid?.();
  return user === undefined || (await lstat(file).catch(() => undefined))?.uid === user;
}

async function isOld(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > ABANDONED_MS;
}

let known: string | undefined;

/** Within which a process id means one process: a machine since it started, and there a container. */
export function place(): string {
  known ??= createHash('sha256')
    .update([os.hostname(), attempt(bootId), attempt(() => fs.readlinkSync('/proc/self/ns/pid'))].join('\n'))
    .digest('hex')
    .slice(0, 8);
  return known;
}

function bootId(): string {
  return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Whether a process of this machine lives; undefined where the id may be another's by now. */
export function lives(pid: number, start: string): boolean | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM means that it is alive.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startOf(pid);
  return now === undefined || start === UNKNOWN ? undefined : now === start;
}

/** When a process started, in the system's ticks; undefined if the system does not say, `ended` for a zombie. */
export function startOf(pid: number): string | undefined {
  // proc(5): the name, in parentheses, may hold anything; the state follows it, and the start is the 22nd of all fields.
  const text = attempt(() => fs.readFileSync(`/proc/${pid}/stat`, 'latin1'));
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields?.[0] === 'Z' || fields?.[0] === 'X' ? 'ended' : fields?.[19];
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
