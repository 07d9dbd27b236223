import fs from 'node:fs';
import path from 'node:path';
import { openDataset, type Dataset } from '../data/dataset';
import { fingerprint, type DataPrint } from '../data/fingerprint';
import { scanEvalFolder } from '../eval/folder';
import type { CompareRow, ResolvedCompareOptions } from '../options';

/**
 * What tells the images of a row from others: of the first row those of validation alone, which is all that it needs.
 *
 * @returns undefined where there is no such folder: the tutorial's data set, which is always the same, or one whose absence the row itself tells
 * @throws ResnetFtError DATA_NOT_FOUND or DATA_INVALID
 */
export async function imagesOf(
  row: CompareRow,
  { data, val, seed }: ResolvedCompareOptions,
): Promise<DataPrint | undefined> {
  const needed = row === 'pretrained' ? [val ?? data] : val === undefined ? [data] : [data, val];
  if (needed.some((folder) => !fs.existsSync(folder))) return undefined;
  const dataset =
    row === 'pretrained'
      ? await validationAlone(path.resolve(val ?? data))
      : await openDataset({ data, seed, ...(val === undefined ? {} : { val }) });
  const { print, unseen } = await fingerprint(dataset);
  // Of files that a disk does not show just now nothing is known.
  return unseen.length > 0 ? undefined : print;
}

async function validationAlone(folder: string): Promise<Dataset> {
  const { root, classes, samples, passedOver } = await scanEvalFolder(folder);
  return { classes, train: [], val: samples, roots: [root], passedOver };
}
