import path from 'node:path';
import { isHiddenFolder } from './hidden-folder';
import { list } from './image-folder';
import { isSplitName } from './split-names';

/** Folders of a data set that are neither splits by their name nor made by programs: they may be classes. */
export const maybeClasses = (folders: readonly string[]): string[] =>
  folders.filter((name) => !isSplitName(name) && !isHiddenFolder(name));

/**
 * Whether `train/` is the folder of the training images. Trains are photographed too: one that holds no folders is a class, where other classes
 * are beside it.
 *
 * @param folders those in `data`
 * @throws ResnetFtError DATA_INVALID where it can't be listed
 */
export async function hasTrainingFolder(data: string, folders: readonly string[]): Promise<boolean> {
  if (!folders.includes('train')) return false;
  if (maybeClasses(folders).length === 0) return true;
  const inside = await list(path.join(data, 'train'));
  return inside.folders.some((name) => !isHiddenFolder(name));
}
