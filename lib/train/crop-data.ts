import type { BackendOperations, CropStore, ImageStore } from '../backend/types';
import type { Dataset } from '../data/dataset';
import type { CropCache } from '../data/crop-cache';
import type { ReadSamples } from '../data/read-all';
import type { Sample } from '../data/image-folder';
import { UnreadableError, type UnreadableImage } from '../data/unreadable';
import { ResnetFtError } from '../errors';
import { shownBytes } from '../files/disk';
import { geometryOf, type Preprocessing } from '../options';
import { counted } from '../text/count';
import { CropRoom, openCropCache, type CropStorage } from './crop-storage';
import type { TrainEvent } from './events';
import type { Split, TrainSplit } from './fit';

/** Both splits as crops, and the samples that they are of. */
export interface Cropped {
  train: TrainSplit & { kept: Sample[] };
  val: Split & { kept: Sample[] };
  unreadable: UnreadableImage[];
}

interface CropDataOptions {
  backend: Pick<BackendOperations, 'createCropStore' | 'createImageStore'>;
  dataset: { train: Sample[]; val: Sample[] };
  preprocessing: Preprocessing;
  skipUnreadable: boolean;
  /** Where windows are cut out of the training images: to how many pixels the short side of these is bounded. */
  shortSide: number | undefined;
  storage: CropStorage;
  signal: AbortSignal;
  emit: (event: TrainEvent) => void;
  /** Every store that was made, also where the call fails: the caller closes them. */
  stores: { close(): void }[];
}

/**
 * Makes the crops of both splits, and fails with one error of all unreadable images.
 *
 * @throws ResnetFtError IMAGE_UNREADABLE, DATA_INVALID, OUTPUT_NOT_WRITABLE, NATIVE_ERROR where there is no memory, ABORTED
 */
export async function cropData(options: CropDataOptions): Promise<Cropped> {
  const cache = await openCropCache(options.storage, options.preprocessing);
  try {
    return await cropSplits(options, cache);
  } finally {
    // Also after a failure: what was made until then need not be made again.
    await cache?.close();
    if (cache !== undefined) tellOfCache(cache, options.emit);
  }
}

/** What images are called that could not be read, wherever the folder of the data set lies. */
export function namesOf(
  { train, val }: Pick<Dataset, 'train' | 'val'>,
  unreadable: readonly UnreadableImage[],
): string[] {
  const files = new Set(unreadable.map(({ file }) => file));
  const named = (split: string, samples: readonly Sample[]): string[] =>
    files.size === 0 ? [] : samples.filter(({ file }) => files.has(file)).map(({ name }) => `${split}/${name}`);
  return [...named('train', train), ...named('val', val)];
}

async function cropSplits(options: CropDataOptions, cache: CropCache | undefined): Promise<Cropped> {
  const { dataset, preprocessing, shortSide, storage, emit } = options;
  const room = new CropRoom(storage, 3 * preprocessing.crop ** 2);
  const total = dataset.train.length + dataset.val.length;
  let done = 0;
  const onProgress = (): void => emit({ kind: 'crops', done: ++done, total });
  const unreadable: UnreadableImage[] = [];
  const failed: UnreadableImage[] = [];
  // Both splits are read before the run fails, so that one error is of all unreadable images.
  const reading = async <T extends Made<CropStore | ImageStore>>(work: Promise<T>) => {
    try {
      const { unreadable: left, ...made } = await work;
      unreadable.push(...left);
      return { ...made, targets: Int32Array.from(made.kept, (sample) => sample.target) };
    } catch (error) {
      if (error instanceof ResnetFtError && error.code === 'NATIVE_ERROR') throw withHint(error);
      if (!(error instanceof UnreadableError)) throw error;
      failed.push(...error.unreadable);
      return undefined;
    }
  };
  const parts = { ...options, cache, room, onProgress };
  const train = await reading<Made<CropStore | ImageStore>>(
    shortSide === undefined
      ? cropSplit('train', dataset.train, parts)
      : keepSplit('train', dataset.train, shortSide, dataset.val.length, parts),
  );
  const val = await reading(cropSplit('val', dataset.val, parts));
  if (train === undefined || val === undefined) throw new UnreadableError(failed);
  for (const { file, reason } of unreadable) emit({ kind: 'skipped', file, reason });
  return {
    train:
      shortSide === undefined
        ? train
        : { ...train, size: preprocessing.crop, interpolation: geometryOf(preprocessing).interpolation },
    val,
    unreadable,
  };
}

/** A split as it was read. */
interface Made<S = CropStore> extends ReadSamples {
  store: S;
}

interface SplitOptions extends CropDataOptions {
  cache: CropCache | undefined;
  room: CropRoom;
  onProgress: () => void;
}

/** The fixed crops of a split. */
async function cropSplit(split: string, samples: Sample[], options: SplitOptions): Promise<Made> {
  const { backend, preprocessing, skipUnreadable, cache, room, signal, onProgress, stores, emit } = options;
  const { makeCrops } = await import('../data/crops.js');
  const storeFile = await room.fileFor(split, samples.length);
  const how = { ...geometryOf(preprocessing), skipUnreadable, cache, storeFile };
  const made = await makeCrops({ backend, samples, ...how, signal, onProgress });
  stores.push(made.store);
  if (storeFile !== undefined) tellOfFile(made.store, split, emit);
  return made;
}

/** The whole images of a split, of which windows are cut; `others`: how many crops are still to come. */
async function keepSplit(
  split: string,
  samples: Sample[],
  shortSide: number,
  others: number,
  { backend, preprocessing, skipUnreadable, room, signal, onProgress, stores, emit }: SplitOptions,
): Promise<Made<ImageStore>> {
  const { keepImages } = await import('../data/images.js');
  const place = await room.forImages(split, samples.length, shortSide, others);
  const { exifRotate } = geometryOf(preprocessing);
  const how = { shortSide, exifRotate, ...place, skipUnreadable };
  const made = await keepImages({ backend, samples, ...how, signal, onProgress });
  stores.push(made.store);
  const { memory, file } = made.store.usage();
  if (file > 0) {
    const note = `${split}: ${shownBytes(file)} of ${shownBytes(memory + file)} of images are kept in a file of the output folder, not in memory`;
    emit({ kind: 'note', note });
  }
  return made;
}

function withHint({ code, message, cause }: ResnetFtError): ResnetFtError {
  return new ResnetFtError(code, message, { hint: 'Allow less with --crop-memory: the rest is kept in a file', cause });
}

function tellOfFile(store: CropStore, split: string, emit: (event: TrainEvent) => void): void {
  const size = shownBytes(store.count * store.size * store.size * 3);
  const note =
    store.inFile === true
      ? `${split}: ${store.count} crops (${size}) are kept in a file of the output folder, not in memory`
      : `${split}: ${store.count} crops take ${size} of memory, more than allowed: no file can hold them on this system`;
  emit({ kind: 'note', note });
}

function tellOfCache(cache: CropCache, emit: (event: TrainEvent) => void): void {
  const { found, problem } = cache;
  if (found > 0)
    emit({
      kind: 'note',
      note: `${counted(found, 'crop of an earlier run was', 'crops of earlier runs were')} found in the cache`,
    });
  if (problem !== undefined) {
    emit({ kind: 'note', note: `crops are not kept for later runs: ${problem}; see --cache-dir and --crop-cache` });
  }
}
