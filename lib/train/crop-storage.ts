import path from 'node:path';
import { cachePath } from '../machine/cache';
import { availableMemory } from '../machine/cgroup';
import { ResnetFtError } from '../errors';
import { freeBytes, shownBytes } from '../files/disk';
import { temporaryName } from '../files/stale';
import type { Geometry, Preprocessing, ResolvedTrainOptions } from '../options';
import { bytesOf } from '../options/size';
import { keptShortSide } from './augmentations';
import type { RunFolder } from './run-folder';

/** Share of the free memory that crops may take where the caller says nothing. */
const SHARE = 0.5;

/** Raised whenever other crops come out of the same image: those of older versions are then not found any more. */
const ALGORITHM = 2;

/** Where the crops of a run are kept, and those of all runs. */
export interface CropStorage {
  /** Bytes of memory for crops; a split that does not fit is kept in a file. */
  memory: number;
  /** Folder of such files. */
  folder: string;
  /** Bytes of its disk that the run's results will need. */
  reserve: number;
  cache: { dir: string; limit: number; reserve: number };
}

/**
 * @param features bytes of memory that the features of frozen modules may take
 * @param results bytes of the output folder's disk that the run's results will need
 * @param crops bytes of all crops
 */
export function cropStorage(
  options: ResolvedTrainOptions,
  folder: RunFolder,
  features: number,
  results: number,
  crops: number,
): CropStorage {
  const { cropMemory, cropCache, cacheDir, trainFrom } = options;
  const free = availableMemory() - (trainFrom === 'conv1' ? 0 : features);
  const memory = cropMemory === undefined ? Math.max(0, Math.floor(free * SHARE)) : bytesOf(cropMemory);
  const reserve = results + (crops > memory ? crops : 0);
  const dir = cacheDir === undefined ? cachePath('crops') : path.resolve(cacheDir);
  return { memory, folder: folder.path, reserve: results, cache: { dir, limit: bytesOf(cropCache), reserve } };
}

/** Bytes that a whole image takes, of which windows are cut, in the shape of a photograph. */
function wholeImage(shortSide: number): number {
  return Math.ceil((3 * shortSide ** 2 * 3) / 2);
}

/** Bytes of the images of both splits as they are kept, roughly where whole images are. */
export function imageBytes(
  options: ResolvedTrainOptions,
  { resize, crop }: Preprocessing,
  train: number,
  val: number,
): number {
  const one = 3 * crop ** 2;
  return train * (options.cropScale === undefined ? one : wholeImage(keptShortSide(options, crop, resize))) + val * one;
}

/** Hands out the memory of a run to its splits, first come first served. */
export class CropRoom {
  private left: number;

  constructor(
    private readonly storage: CropStorage,
    private readonly bytesPerCrop: number,
  ) {
    this.left = storage.memory;
  }

  /**
   * The file for a split's crops; undefined where they fit into memory.
   *
   * @throws ResnetFtError OUTPUT_NOT_WRITABLE where the disk has no room for it
   */
  async fileFor(split: string, count: number): Promise<string | undefined> {
    const bytes = count * this.bytesPerCrop;
    if (bytes <= this.left) {
      this.left -= bytes;
      return undefined;
    }
    await this.requireDisk(`${count} crops`, bytes);
    return temporaryName(path.join(this.storage.folder, `crops-${split}`));
  }

  /**
   * The memory for the whole images of a split, of which windows are cut, and the file for what it does not hold. What the `others` need,
   * crops that come afterwards, is left to them where there is enough.
   *
   * @throws ResnetFtError OUTPUT_NOT_WRITABLE where the disk has no room for them
   */
  async forImages(split: string, count: number, shortSide: number, others: number) {
    const crops = others * this.bytesPerCrop;
    const memory = this.left > crops ? this.left - crops : this.left;
    this.left -= memory;
    const bytes = count * wholeImage(shortSide);
    if (bytes > memory) await this.requireDisk(`${count} images`, bytes - memory);
    return { memory, storeFile: temporaryName(path.join(this.storage.folder, `images-${split}`)) };
  }

  private async requireDisk(what: string, bytes: number): Promise<void> {
    const { folder, reserve } = this.storage;
    const free = await freeBytes(folder);
    if (free === undefined || free >= bytes + reserve) return;
    throw new ResnetFtError(
      'OUTPUT_NOT_WRITABLE',
      `${folder}: ${what} need ${shownBytes(bytes)} of disk and the results ${shownBytes(reserve)}, and ${shownBytes(free)} are free`,
      { hint: 'Choose another folder with --output, or allow more memory with --crop-memory' },
    );
  }
}

/** Opens the cache of crops; undefined where it is switched off. */
export async function openCropCache({ cache }: CropStorage, geometry: Geometry) {
  const { resize, crop, fit = 'crop', interpolation = 'bilinear', exifRotate = false } = geometry;
  if (cache.limit === 0) return undefined;
  const { CropCache } = await import('../data/crop-cache.js');
  const { DECODER } = await import('../data/decode.js');
  // What is as in the tutorial is not named: the crops of versions that knew nothing else are still found.
  const different = [fit === 'crop' ? '' : ` ${fit}`, interpolation === 'bilinear' ? '' : ` ${interpolation}`];
  const shape = `resize ${resize} crop ${crop}${different.join('')}${exifRotate ? ' exif' : ''}`;
  const kind = `algorithm ${ALGORITHM} ${shape} ${DECODER}`;
  return CropCache.open({ ...cache, kind, bytes: 3 * crop * crop });
}
