import type { BackendOperations, CropStore } from '../backend/types';
import type { CropCache } from '../data/crop-cache';
import type { UnreadableImage } from '../data/read-all';
import type { Sample } from '../data/image-folder';
import { ResnetFtError } from '../errors';
import { shownBytes } from '../files/disk';
import { geometryOf, type Preprocessing } from '../options';
import { CropRoom, openCropCache, type CropStorage } from './crop-storage';
import type { TrainEvent } from './events';
import type { Split } from './fit';

/** Both splits as crops, and the samples that they are of. */
export interface Cropped {
  train: Split & { kept: Sample[] };
  val: Split & { kept: Sample[] };
  unreadable: UnreadableImage[];
}

interface CropDataOptions {
  backend: Pick<BackendOperations, 'createCropStore'>;
  dataset: { train: Sample[]; val: Sample[] };
  preprocessing: Preprocessing;
  skipUnreadable: boolean;
  storage: CropStorage;
  signal: AbortSignal;
  emit: (event: TrainEvent) => void;
  /** Every store that was made, also where the call fails: the caller closes them. */
  stores: CropStore[];
}

/**
 * Makes the crops of both splits, and names every unreadable image of both at once.
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

async function cropSplits(options: CropDataOptions, cache: CropCache | undefined): Promise<Cropped> {
  const { backend, dataset, preprocessing, skipUnreadable, storage, signal, emit, stores } = options;
  const { makeCrops } = await import('../data/crops.js');
  const { crop } = preprocessing;
  const room = new CropRoom(storage, 3 * crop * crop);
  const total = dataset.train.length + dataset.val.length;
  let done = 0;
  const onProgress = (): void => emit({ kind: 'crops', done: ++done, total });
  const unreadable: UnreadableImage[] = [];
  const failures: ResnetFtError[] = [];
  const one = async (split: string, samples: Sample[]): Promise<(Split & { kept: Sample[] }) | undefined> => {
    try {
      const storeFile = await room.fileFor(split, samples.length);
      const made = await makeCrops({
        backend,
        samples,
        ...geometryOf(preprocessing),
        skipUnreadable,
        cache,
        storeFile,
        signal,
        onProgress,
      });
      stores.push(made.store);
      if (storeFile !== undefined) tellOfFile(made.store, split, emit);
      unreadable.push(...made.unreadable);
      const { store, kept, indices } = made;
      return { store, kept, indices, targets: Int32Array.from(kept, (sample) => sample.target) };
    } catch (error) {
      if (error instanceof ResnetFtError && error.code === 'NATIVE_ERROR') throw withHint(error);
      // Both splits are read before the run fails, so that all unreadable images are named at once.
      if (!(error instanceof ResnetFtError && error.code === 'IMAGE_UNREADABLE')) throw error;
      failures.push(error);
      return undefined;
    }
  };
  const train = await one('train', dataset.train);
  const val = await one('val', dataset.val);
  if (train === undefined || val === undefined) {
    const [first, second] = failures;
    if (first === undefined) throw new Error('a split without crops has an error');
    if (second === undefined) throw first;
    const hint = first.hint === undefined ? {} : { hint: first.hint };
    throw new ResnetFtError('IMAGE_UNREADABLE', `${first.message}; ${second.message}`, hint);
  }
  for (const { file, reason } of unreadable) emit({ kind: 'skipped', file, reason });
  return { train, val, unreadable };
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
  if (found > 0) emit({ kind: 'note', note: `${found} crops of earlier runs were found in the cache` });
  if (problem !== undefined) {
    emit({ kind: 'note', note: `crops are not kept for later runs: ${problem}; see --cache-dir and --crop-cache` });
  }
}
