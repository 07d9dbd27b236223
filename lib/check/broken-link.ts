import { readdir, readlink, stat } from 'node:fs/promises';
import path from 'node:path';
import { isImageName, isUnasked } from '../data/image-folder';
import { reasonOf } from '../files/reason';
import { afterALook, finding } from './finding';
import type { Finding } from './types';

/**
 * That a link leads nowhere: it may stand for the folder of a class.
 *
 * @returns undefined where it leads somewhere, where its name is that of an image, of which reading it will tell, and where nobody has put it there
 */
export async function brokenLink(link: string): Promise<Finding | undefined> {
  const name = path.basename(link);
  if (isImageName(name) || isUnasked(name)) return undefined;
  try {
    await stat(link);
    return undefined;
  } catch (error) {
    const note = await whyBroken(link, error as NodeJS.ErrnoException);
    return finding('broken-link', [link], note, (remove) => [afterALook(remove(link))]);
  }
}

async function whyBroken(link: string, error: NodeJS.ErrnoException): Promise<string> {
  if (error.code === 'ELOOP') return 'is a link that leads back to itself';
  const target = await readlink(link).catch(() => undefined);
  if (error.code === 'ENOENT' && target !== undefined) return `is a link to ${target}, which is not there`;
  return `is a link that cannot be followed: ${reasonOf(error)}`;
}

/** The links beside the folders of the classes that lead nowhere; none where the folder can't be listed, of which others tell. */
export async function brokenLinksIn(folder: string): Promise<Finding[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const links = entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => path.join(folder, name));
  const found = await Promise.all(links.sort().map(brokenLink));
  return found.filter((one) => one !== undefined);
}
