import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { isDirectory, requireFolder, unreadableFolder } from '../data/image-folder';
import { compareCodePoints } from '../data/order';
import { hasTrainingFolder } from '../data/training-folder';

/** A folder of classes, and what it is for. */
export interface SplitFolder {
  name: string;
  folder: string;
}

/** Names of splits, as they stand beside each other. */
const SPLITS = ['train', 'val', 'test'];

/** The folders of classes of a data set, and the folders beside them that are none. */
export interface Layout {
  splits: SplitFolder[];
  others: string[];
}

/**
 * Finds the splits of a data set: `train/`, `val/` and `test/` where there are some of them, or the folder itself.
 *
 * @param val folder of the validation images, where it lies elsewhere
 * @throws ResnetFtError DATA_NOT_FOUND, or DATA_INVALID where the folder can't be listed
 */
export async function layoutOf(data: string, val: string | undefined): Promise<Layout> {
  await requireFolder(data);
  const folders = await foldersIn(data);
  const hasTrain = await hasTrainingFolder(data, folders);
  const present = SPLITS.filter((name) => (name === 'train' ? hasTrain : folders.includes(name)));
  if (val !== undefined) {
    await requireFolder(val);
    const train = hasTrain ? path.join(data, 'train') : data;
    const own = [
      { name: 'train', folder: train },
      { name: 'val', folder: val },
    ];
    return { splits: own, others: [] };
  }
  // A class may be called val: then it holds images, not folders.
  const divided = hasTrain || (await anyHoldsFolders(data, present));
  if (!divided) return { splits: [{ name: 'all', folder: data }], others: [] };
  const others = folders.filter((name) => !present.includes(name) && !name.startsWith('.'));
  return {
    splits: present.map((name) => ({ name, folder: path.join(data, name) })),
    others: others.map((name) => path.join(data, name)),
  };
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw unreadableFolder(folder, cause);
  });
  const found: string[] = [];
  for (const entry of entries) {
    if (entry.isSymbolicLink() ? await isDirectory(path.join(folder, entry.name)) : entry.isDirectory())
      found.push(entry.name);
  }
  return found.sort(compareCodePoints);
}

async function anyHoldsFolders(data: string, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    // One that can't be listed is told of when it is walked.
    const inside = await foldersIn(path.join(data, name)).catch(() => []);
    if (inside.length > 0) return true;
  }
  return false;
}
