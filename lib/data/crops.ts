import type { BackendOperations, CropStore } from '../backend/types';
import { type ResnetFtError, throwIfAborted } from '../errors';
import type { Geometry } from '../options';
import { CropCache } from './crop-cache';
import { readImage } from './decode';
import type { Sample } from './image-folder';
import { readableIndices, readAll, READING_STOPPED, readSamples, type ReadOptions, type ReadSamples } from './read-all';
import { decodeResizable } from './resizable';
import { storeError } from './store-error';

interface CroppingOptions extends ReadOptions, Geometry {
  backend: Pick<BackendOperations, 'createCropStore'>;
  /** Crops are taken from here where it has them, and kept in it where not. */
  cache?: CropCache | undefined;
  /** The crops are kept in a new file of this name instead of memory; it is gone when the process ends. */
  storeFile?: string | undefined;
}

export interface MakeCropsOptions extends CroppingOptions {
  samples: readonly Sample[];
  /** Leave out what can't be decoded, instead of failing. */
  skipUnreadable: boolean;
}

/** The crops of a data set, each at the index of its sample, and what they are of. */
export interface CroppedSamples extends ReadSamples {
  store: CropStore;
}

/**
 * Decodes, resizes and crops all samples into one store outside the JavaScript heap. The caller closes the store.
 *
 * @throws ResnetFtError `IMAGE_UNREADABLE` with all unreadable images, `DATA_INVALID` where skipping them leaves a
 * class without images, `OUTPUT_NOT_WRITABLE`, `NATIVE_ERROR`, `ABORTED`
 */
export async function makeCrops(options: MakeCropsOptions): Promise<CroppedSamples> {
  const { samples, skipUnreadable } = options;
  const inputs = samples.map(({ file }) => file);
  const { store, errors } = await cropImages({ ...options, inputs });
  try {
    return { store, ...readSamples(samples, errors, skipUnreadable) };
  } catch (error) {
    store.close();
    throw error;
  }
}

export interface CropImagesOptions extends CroppingOptions {
  /** Paths of images, or their contents. */
  inputs: readonly (string | Uint8Array)[];
}

/**
 * Decodes, resizes and crops images into one store, those that can't be read or are too large left out: the crop of each of the others
 * stands at the index of its input, and `indices` are theirs, in order. The caller closes the store.
 *
 * @throws ResnetFtError `OUTPUT_NOT_WRITABLE` where the store's file can't be made or has no room, `NATIVE_ERROR` where there is no
 * memory, `ABORTED`
 */
export async function cropImages(
  options: CropImagesOptions,
): Promise<{ store: CropStore; indices: Int32Array; errors: Map<number, ResnetFtError> }> {
  const { inputs, signal } = options;
  throwIfAborted(signal, READING_STOPPED);
  const store = createStore(options);
  try {
    const errors = await readAll(inputs, options, (input, index) => put(store, index, input, options));
    return { store, indices: readableIndices(inputs.length, errors), errors };
  } catch (error) {
    store.close();
    throw error;
  }
}

function createStore({ backend, inputs, crop, storeFile }: CropImagesOptions): CropStore {
  try {
    return backend.createCropStore(inputs.length, crop, storeFile);
  } catch (cause) {
    throw storeError(cause, storeFile);
  }
}

/**
 * Decodes an image into a place of a store of crops in memory.
 *
 * @param options.name for the error; that of the file where left out
 * @throws ResnetFtError `IMAGE_UNREADABLE`, `NATIVE_ERROR`
 */
export async function putCrop(
  store: CropStore,
  index: number,
  input: string | Uint8Array,
  options: Geometry & { name?: string | undefined },
): Promise<void> {
  const { resize, fit, interpolation, name } = options;
  const image = await decodeResizable(input, options, name);
  await store.put(index, { ...image, lent: true }, resize, { fit, interpolation }).catch((cause: unknown) => {
    throw storeError(cause, undefined);
  });
}

async function put(
  store: CropStore,
  index: number,
  input: string | Uint8Array,
  options: CropImagesOptions,
): Promise<void> {
  const { resize, crop, fit, interpolation, cache, storeFile } = options;
  const how = { fit, interpolation };
  const failed = (cause: unknown): never => {
    throw storeError(cause, storeFile);
  };
  if (cache === undefined) {
    const image = await decodeResizable(input, options);
    return store.put(index, { ...image, lent: true }, resize, how).catch(failed);
  }
  // Read once: the crop is that of the very bytes whose hash is its name.
  const content = typeof input === 'string' ? await readImage(input) : input;
  const key = await CropCache.key(content);
  const known = await cache.get(key);
  // A crop of the store's own size passes unchanged.
  if (known !== undefined) {
    return store.put(index, { width: crop, height: crop, data: known, lent: true }, crop).catch(failed);
  }
  const name = typeof input === 'string' ? input : undefined;
  const image = await decodeResizable(content, options, name);
  const made = await store.putAndGet(index, { ...image, lent: true }, resize, how).catch(failed);
  await cache.add(key, made);
}
