import fs from 'node:fs';
import path from 'node:path';

const OTHERS = 0o002;
const GROUP = 0o020;
/** In such a folder everybody may make files, but replace only their own. */
const STICKY = 0o1000;
/** How Linux shows whoever is not of this user namespace, as the owner of `/` in a container without root (user_namespaces(7)). */
const OVERFLOW = 65534;

/**
 * Says of the first of some files and folders, or of the folders that they are in, that somebody else can change it: what is loaded
 * from there runs with the rights of whoever loads it. Undefined where nobody can, and on Windows, whose rights are not in modes.
 */
export function writableByOthers(files: readonly string[]): string | undefined {
  if (process.platform === 'win32') return undefined;
  // What is loaded is what the links lead to.
  const real = new Set(files.map((file) => fs.realpathSync(file)));
  const above = new Set([...real].flatMap((file) => foldersAbove(file)).filter((folder) => !real.has(folder)));
  for (const file of real) {
    const who = writerOf(fs.statSync(file));
    if (who !== undefined) return `${file} can be changed by ${who}`;
  }
  for (const folder of above) {
    const stats = fs.statSync(folder);
    // Whoever can write there can put another in the place of what leads to the files.
    const who = (stats.mode & STICKY) === 0 ? writerOf(stats) : ownerOf(stats);
    if (who !== undefined) return `${folder} can be changed by ${who}`;
  }
  return undefined;
}

function writerOf({ mode, uid, gid }: fs.Stats): string | undefined {
  if ((mode & OTHERS) !== 0) return 'everybody';
  // A group of one's own is nobody else, and root can change everything.
  if ((mode & GROUP) !== 0 && gid !== 0 && gid !== process.getgid?.()) return `the group ${gid}`;
  return ownerOf({ uid });
}

/** Whoever owns it can give themselves any right to it. */
function ownerOf({ uid }: Pick<fs.Stats, 'uid'>): string | undefined {
  return uid !== 0 && uid !== OVERFLOW && uid !== (process.getuid?.() ?? 0) ? `the user ${uid}` : undefined;
}

function foldersAbove(file: string): string[] {
  const folder = path.dirname(file);
  return folder === file ? [] : [folder, ...foldersAbove(folder)];
}
