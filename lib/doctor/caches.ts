import { constants, type Stats } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { cachePath } from '../machine/cache';
import { sha256File } from '../download/hash';
import { currentFolder } from '../files/current-folder';
import { freeBytes, shownBytes } from '../files/disk';
import { checkpointFolder, weightsFile } from '../weights/hub';
import { NAMED_WEIGHTS, type NamedWeights } from '../weights/registry';
import { fine, unwell, type DoctorCheck } from './report';
import { counted } from '../text/count';

/** The registry rounds some sizes to 0.01 MiB; what differs by more is not the whole file. */
const SIZE_SLACK = 16_384;

const LITTLE_DISK = 1e9;
const NO_DISK = 100e6;

async function statOf(file: string): Promise<Stats | undefined> {
  return stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}

/** What is wrong with a file of weights; undefined where nothing is. */
async function fault(entry: NamedWeights, stats: Stats, verify: boolean, signal?: AbortSignal) {
  const file = weightsFile(entry);
  if (!stats.isFile()) return 'is not a file';
  if (Math.abs(stats.size - entry.bytes) > SIZE_SLACK)
    return `has ${shownBytes(stats.size)} instead of ${shownBytes(entry.bytes)}`;
  if (!verify) return undefined;
  const found = (await sha256File(file, signal)) ?? '';
  const { sha256 } = entry;
  return found.startsWith(sha256)
    ? undefined
    : `its SHA-256 begins with ${found.slice(0, 8)}, not ${sha256.slice(0, 8)}`;
}

async function checkFile(
  entry: NamedWeights,
  verify: boolean,
  signal?: AbortSignal,
): Promise<{ there: boolean; check?: DoctorCheck }> {
  const { name, arch } = entry;
  const file = weightsFile(entry);
  const line = `weights ${name} ${arch}`;
  const fix = `Run: npx resnet-ft weights download ${name} --arch ${arch}`;
  try {
    const stats = await statOf(file);
    if (stats === undefined) return { there: false };
    const wrong = await fault(entry, stats, verify, signal);
    if (wrong !== undefined) return { there: true, check: unwell('problem', line, `${file}: ${wrong}`, fix, { file }) };
    return { there: true, ...(verify ? { check: fine(line, `${file}: its SHA-256 is right`, { file }) } : {}) };
  } catch (error) {
    const found = `${file} can't be read: ${(error as Error).message}`;
    return { there: true, check: unwell('problem', line, found, 'Make the file readable, or remove it', { file }) };
  }
}

/** Which named weights are there, and whether their files are whole. */
export async function checkWeights(verify: boolean, signal?: AbortSignal): Promise<DoctorCheck[]> {
  const folder = checkpointFolder();
  const present: string[] = [];
  const files: DoctorCheck[] = [];
  for (const entry of NAMED_WEIGHTS) {
    const { there, check } = await checkFile(entry, verify, signal);
    if (there) present.push(`${entry.name} ${entry.arch}`);
    if (check !== undefined) files.push(check);
  }
  const none = 'none yet; downloaded when first needed';
  const hashes = present.length > 0 && !verify ? ' (hashes not checked; --verify checks them)' : '';
  const found = `${folder}: ${present.length === 0 ? none : present.join(', ')}${hashes}`;
  return [fine('weights', found, { path: folder, present }), ...files];
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
  const { files, bytes } = (await contents(folder)) ?? { files: 0, bytes: 0 };
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

/** Room for the caches, the weights, and the files of a run in the current folder. */
export function checkDisks(): Promise<DoctorCheck>[] {
  const here = currentFolder();
  return [
    checkDisk('disk caches', cachePath(), 'set XDG_CACHE_HOME to a folder elsewhere'),
    checkDisk('disk weights', checkpointFolder(), 'set TORCH_HOME to a folder elsewhere'),
    ...(here === undefined ? [] : [checkDisk('disk here', here, 'name a folder elsewhere by --output')]),
  ];
}
