import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';

/** A symbolic link that makes folders without end. */
export interface LinkLoop {
  /** The link, by the path on which it was found. */
  link: string;
  /** That it leads back, for a sentence that its name begins. */
  note: string;
  /** Whether it leads to a folder in which it lies: without it there is no loop. */
  itself: boolean;
}

/**
 * The link by which a folder is reached again below itself. It is seldom the folder itself: where `ants/all` leads two folders up,
 * `ants/all/train/ants` is what comes again, and to remove that would be to remove the class.
 *
 * @param folder what is reached again
 * @param ancestor the path above it on which that was met before
 */
export async function linkLoop(folder: string, ancestor: string): Promise<LinkLoop> {
  const links: LinkLoop[] = [];
  for (let at = folder; at.length > ancestor.length; at = path.dirname(at)) {
    const stats = await lstat(at).catch(() => undefined);
    if (stats?.isSymbolicLink() !== true) continue;
    const found = await leadsTo(at);
    // Others may lie on the way, that harm nobody without this one.
    if (found.itself) return found;
    links.push(found);
  }
  return links[0] ?? { link: folder, note: `leads back to ${ancestor}, in which it is`, itself: false };
}

async function leadsTo(link: string): Promise<LinkLoop> {
  const [target, own] = await Promise.all([link, path.dirname(link)].map((file) => realpath(file).catch(() => file)));
  const itself = target !== undefined && own !== undefined && isWithin(own, target);
  const note = `is a link to ${target}, ${itself ? 'in which it lies itself' : 'from which links lead back to it'}`;
  return { link, itself, note };
}

function isWithin(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}
