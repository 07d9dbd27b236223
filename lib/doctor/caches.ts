import { constants, type Stats } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { cachePath } from '../machine/cache';
import { currentFolder } from '../files/current-folder';
import { freeBytes, shownBytes } from '../files/disk';
import { reasonOf } from '../files/reason';
import { faultOfWeights } from '../weights/fault';
import { checkpointFolder, weightsFile } from '../weights/hub';
import { packagedWeights, reinstall, weightsPackageName } from '../weights/packaged';
import { NAMED_WEIGHTS, type NamedWeights } from '../weights/registry';
import { fine, unwell, type DoctorCheck } from './report';
import { counted } from '../text/count';

const LITTLE_DISK = 1e9;
const NO_DISK = 100e6;

async function statOf(file: string): Promise<Stats | undefined> {
  return stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}

async function checkFile(
  entry: NamedWeights,
  verify: boolean,
  signal?: AbortSignal,
): Promise<{ there: boolean; packaged: boolean; check?: DoctorCheck }> {
  const { name, arch } = entry;
  const installed = packagedWeights(entry);
  const packaged = installed !== undefined;
  const file = installed?.file ?? weightsFile(entry);
  const line = `weights ${name} ${arch}`;
  const fix = packaged
    ? `Run: ${reinstall(installed.name)}`
    : `Run: npx resnet-ft weights download ${name} --arch ${arch}`;
  try {
    if (!packaged && (await statOf(file)) === undefined) return { there: false, packaged };
    const wrong = await faultOfWeights(entry, file, { hash: verify, signal });
    if (wrong !== undefined) {
      const found = `${file}${packaged ? `, of the npm package ${installed.name}` : ''}: ${wrong}`;
      return { there: true, packaged, check: unwell('problem', line, found, fix, { file }) };
    }
    const check = verify ? { check: fine(line, `${file}: its SHA-256 is right`, { file }) } : {};
    return { there: true, packaged, ...check };
  } catch (error) {
    const found = `${file} can't be read: ${(error as Error).message}`;
    return {
      there: true,
      packaged,
      check: unwell('problem', line, found, 'Make the file readable, or remove it', { file }),
    };
  }
}

/** Which named weights are there, as packages or in torch.hub's folder, and whether their files are whole. */
export async function checkWeights(verify: boolean, signal?: AbortSignal): Promise<DoctorCheck[]> {
  const folder = checkpointFolder();
  const present: string[] = [];
  const packages: string[] = [];
  const files: DoctorCheck[] = [];
  for (const entry of NAMED_WEIGHTS) {
    const { there, packaged, check } = await checkFile(entry, verify, signal);
    if (there) present.push(`${entry.name} ${entry.arch}`);
    if (packaged) packages.push(weightsPackageName(entry));
    if (check !== undefined) files.push(check);
  }
  const none = 'none yet; downloaded when first needed, or installed as npm packages (weights list names them)';
  const hashes = present.length > 0 && !verify ? ' (hashes not checked; --verify checks them)' : '';
  const own = packages.length === 0 ? '' : `; from npm: ${packages.join(', ')}`;
  const found = `${folder}: ${present.length === 0 ? none : present.join(', ')}${own}${hashes}`;
  return [fine('weights', found, { path: folder, present, packages }), ...files];
}

/** Number and bytes of the files below a folder; undefined where there is none. */
async function contents(folder: string): Promise<{ files: number; bytes: number } | undefined> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    },
  );
  if (entries === undefined) return undefined;
  let bytes = 0;
  let files = 0;
  for (const entry of entries.filter((one) => one.isFile())) {
    const stats = await statOf(path.join(entry.parentPath, entry.name));
    if (stats === undefined) continue;
    files++;
    bytes += stats.size;
  }
  return { files, bytes };
}

/** The tutorial's data set in the cache. */
export async function checkData(): Promise<DoctorCheck> {
  const folder = cachePath('data', 'hymenoptera_data');
  const found = await contents(folder);
  if (found === undefined) {
    return fine('data', `${folder}: hymenoptera is not there; downloaded when first needed`, {
      path: folder,
      files: 0,
    });
  }
  const data = { path: folder, ...found };
  if (found.files > 0)
    return fine('data', `${folder}: hymenoptera, ${found.files} files, ${shownBytes(found.bytes)}`, data);
  const fix = 'Run: npx resnet-ft data hymenoptera';
  return unwell('warning', 'data', `${folder} is empty`, fix, data);
}

/** Crops of earlier runs. */
export async function checkCrops(): Promise<DoctorCheck> {
  const folder = cachePath('crops');
  let kept: Awaited<ReturnType<typeof contents>>;
  try {
    kept = await contents(folder);
  } catch (error) {
    // In a cache that several users share the crops are those of the first.
    const found = `${folder} can't be read (${reasonOf(error)}): no crops are kept for later runs`;
    return unwell('warning', 'crops', found, 'Give train --cache-dir, a folder of your own', { path: folder });
  }
  const { files, bytes } = kept ?? { files: 0, bytes: 0 };
  const found = files === 0 ? 'none' : `${counted(files, 'pack')}, ${shownBytes(bytes)}`;
  return fine('crops', `${folder}: ${found}`, { path: folder, files, bytes });
}

/** The folder, or the nearest one above it that exists: where it would be made. */
async function nearest(folder: string): Promise<{ folder: string; stats: Stats }> {
  const stats = await statOf(folder);
  if (stats !== undefined || path.dirname(folder) === folder) return { folder, stats: stats ?? (await stat(folder)) };
  return nearest(path.dirname(folder));
}

async function checkDisk(name: string, folder: string, elsewhere: string): Promise<DoctorCheck> {
  const place = await nearest(folder);
  if (!place.stats.isDirectory()) {
    const found = `${folder} can't be made: ${place.folder} is not a folder`;
    return unwell('problem', name, found, `Remove it, or ${elsewhere}`, { path: folder });
  }
  const free = await freeBytes(place.folder);
  const data = { path: folder, ...(free === undefined ? {} : { free }) };
  const found = `${folder}: ${free === undefined ? 'the file system does not say what is' : shownBytes(free)} free`;
  const writable = await access(place.folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!writable) {
    const what = `${found}, but ${place.folder} can't be written`;
    return unwell('warning', name, what, `Make it writable, or ${elsewhere}`, data);
  }
  if (free === undefined || free >= LITTLE_DISK) return fine(name, found, data);
  return unwell(free < NO_DISK ? 'problem' : 'warning', name, found, `Free some space, or ${elsewhere}`, data);
}

/** Room for the caches. */
export const checkCacheDisk = (): Promise<DoctorCheck> =>
  checkDisk('disk caches', cachePath(), 'set XDG_CACHE_HOME to a folder elsewhere');

/** Room for the weights. */
export const checkWeightsDisk = (): Promise<DoctorCheck> =>
  checkDisk('disk weights', checkpointFolder(), 'set TORCH_HOME to a folder elsewhere');

/** Room for the files of a run in the current folder. */
export async function checkDiskHere(): Promise<DoctorCheck> {
  const here = currentFolder();
  if (here !== undefined) return checkDisk('disk here', here, 'name a folder elsewhere by --output');
  return unwell('warning', 'disk here', 'the working directory was removed', 'Change to another');
}
