import fs from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../machine/root';
import { cachePath } from '../machine/cache';
import { download, pytorchUrl, TUNING, unzip, withLock, type DownloadControl } from '../download';
import { LockLost } from '../download/lock';
import { ResnetFtError, throwIfAborted } from '../errors';
import { makeFolder } from '../files/make-folder';
import { isMissing, reasonOf } from '../files/reason';
import { shellPath } from '../text/shell';

/** The word for the tutorial's data set in place of a folder of images. */
export const HYMENOPTERA = 'hymenoptera';

/** The archive, as .jenkins/download_data.py of https://github.com/pytorch/tutorials knows it; its size is that of the server. */
export const ARCHIVE = {
  path: 'tutorial/hymenoptera_data.zip',
  sha256: 'fbc41b31d544714d18dd1230b1e2b455e1557766e13e67f9f5a7a23af7c02209',
  bytes: 47_286_322,
};

const LIMITS = { maxEntries: 2_000, maxBytes: 256 * 1024 ** 2 };
const SPLITS = ['train', 'val'];
const CLASSES = ['ants', 'bees'];

/** @throws the file system's error where that can't be told: what may be the data set is not replaced */
async function isData(folder: string): Promise<boolean> {
  for (const split of SPLITS) {
    for (const name of CLASSES) {
      if ((await namesIn(path.join(folder, split, name))).length === 0) return false;
    }
  }
  return true;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The unpacked folder that holds the splits: the archive's one folder, or the archive's root. */
async function dataRoot(zip: string, unpacked: string): Promise<string> {
  const folders = (await readdir(unpacked)).map((name) => path.join(unpacked, name));
  for (const folder of [unpacked, ...folders]) {
    if (await isData(folder)) return folder;
  }
  throw new ResnetFtError('DATA_INVALID', `${zip} does not hold train and val with ants and bees`);
}

type HeldControl = DownloadControl & { signal: AbortSignal };

async function install(target: string, archive: typeof ARCHIVE, control: HeldControl): Promise<void> {
  const zip = path.join(path.dirname(target), path.posix.basename(archive.path));
  const temporary = `${target}.unpacking`;
  const remove = async (file: string): Promise<void> => {
    // After a lock that was lost, all of it is another process's.
    if (control.signal.reason instanceof LockLost) return;
    await rm(file, { recursive: true, force: true }).catch(() => {});
  };
  // Left by a process that was killed: only the holder of the lock gets here.
  await rm(temporary, { recursive: true, force: true });
  await download({
    ...control,
    url: pytorchUrl(archive.path),
    file: zip,
    sha256: archive.sha256,
    bytes: archive.bytes,
  });
  try {
    await makeFolder(temporary);
    await unzip(zip, temporary, { ...LIMITS, signal: control.signal });
    const root = await dataRoot(zip, temporary);
    await moveAside(target);
    await rename(root, target);
    await remove(zip);
  } catch (error) {
    // An archive that holds something else is of no use; one that could not be unpacked now can be another time, without a download.
    if (error instanceof ResnetFtError && error.code === 'DATA_INVALID') await remove(zip);
    throw error;
  } finally {
    await remove(temporary);
  }
}

/** What has the name of the data set but is not all of it: somebody may have changed it, or put files there. */
async function moveAside(folder: string): Promise<void> {
  if ((await namesIn(folder)).length === 0) return rm(folder, { recursive: true, force: true });
  let n = 1;
  while (fs.existsSync(`${folder}.before-${n}`)) n++;
  await rename(folder, `${folder}.before-${n}`);
}

/**
 * The folder of the tutorial's ants and bees, with `train/` and `val/`: in the package's cache, downloaded and unpacked the
 * first time.
 *
 * @param archive for tests, which have no network.
 * @throws ResnetFtError DOWNLOAD_FAILED, DATA_INVALID, OUTPUT_NOT_WRITABLE or ABORTED.
 */
export async function hymenopteraFolder(control: DownloadControl = {}, archive = ARCHIVE): Promise<string> {
  const target = cachePath('data', 'hymenoptera_data');
  const { onProgress = () => {}, tuning } = control;
  const signal = control.signal ?? new AbortController().signal;
  try {
    if (await isData(target)) return target;
    await makeFolder(path.dirname(target));
    const onWait = (): void => void onProgress({ kind: 'waiting', file: target });
    await withLock(target, { signal, onWait, stale: tuning?.staleLock ?? TUNING.staleLock }, async (held) => {
      if (!(await isData(target))) await install(target, archive, { ...control, signal: held });
    });
    return target;
  } catch (error) {
    throwIfAborted(signal, 'The download of hymenoptera was stopped');
    if (error instanceof ResnetFtError) throw error;
    throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `cannot write ${target}: ${reasonOf(error)}`, {
      hint: 'Set XDG_CACHE_HOME to a folder that can be written.',
      cause: error,
    });
  }
}

/** A training that needs no download, as a command: on the excerpt of the data set in a checkout, or on one's own images. */
export function trainingAtHand(): string {
  const excerpt = path.join(packageRoot(), 'test', 'fixtures', 'ants-bees');
  return fs.existsSync(excerpt)
    ? `train on its excerpt in the checkout: npx resnet-ft train ${shellPath(path.relative(process.cwd(), excerpt))} --weights none --arch resnet18`
    : 'train on a folder of your own, with a folder of images for each class: npx resnet-ft train FOLDER --val-split 0.2 --weights none';
}

/**
 * The folder that a caller's `data` means: the tutorial's data set for `hymenoptera` where no folder has this name, else
 * `data` itself.
 *
 * @throws ResnetFtError as {@link hymenopteraFolder}.
 */
export async function resolveDataFolder(data: string, control: DownloadControl = {}): Promise<string> {
  return data === HYMENOPTERA && !fs.existsSync(data) ? hymenopteraFolder(control) : data;
}
