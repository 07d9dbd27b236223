import fs from 'node:fs';
import { OutputFolder } from './output-folder';

/**
 * Moves what an interrupted run left out of the way; nothing is deleted.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE if that run is still going on; the file system's error
 */
export async function setAside(folder: string): Promise<void> {
  if (!fs.existsSync(folder) || fs.readdirSync(folder).length === 0) return;
  // A training that was started apart may still write to it.
  const taken = await OutputFolder.take(folder);
  await taken.release();
  let n = 1;
  while (fs.existsSync(`${folder}.unfinished-${n}`)) n++;
  fs.renameSync(folder, `${folder}.unfinished-${n}`);
}
