import path from 'node:path';
import { isDirectory, list, scanImageFolder, type ImageFolder } from '../data/image-folder';

/** The images to evaluate. */
export interface EvalFolder extends ImageFolder {
  /** The data set whose `val/` this is; undefined where the caller named the folder of classes itself. */
  valOf: string | undefined;
}

/**
 * Finds the class folders: those of `data`, or those of its `val/` if that exists and holds folders.
 *
 * @throws ResnetFtError DATA_NOT_FOUND or DATA_INVALID
 */
export async function scanEvalFolder(data: string): Promise<EvalFolder> {
  const root = path.resolve(data);
  const val = path.join(root, 'val');
  // A class may be called val: then it holds images, not folders.
  const isDataset = (await isDirectory(val)) && (await list(val)).folders.length > 0;
  return { ...(await scanImageFolder(isDataset ? val : root)), valOf: isDataset ? root : undefined };
}
