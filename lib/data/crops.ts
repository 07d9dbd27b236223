import os from 'node:os';
import type { BackendOperations, CropStore, RgbImage } from '../backend/types';
import { ResnetFtError, throwIfAborted } from '../errors';
import { CropCache } from './crop-cache';
import { readImage } from './decode';
import type { Sample } from './image-folder';
import { withoutName } from './reason';
import { decodeResizable } from './resizable';

/** The message of an abort while images are read. */
export const READING_STOPPED = 'aborted while the images were read';

/** Images that are worked on beyond one for each processor: a decoder that waits for its own thread leaves one idle. */
const SPARE_TASKS = 4;

interface CropGeometry {
  backend: Pick<BackendOperations, 'createCropStore'>;
  /** The short side becomes this many pixels. */
  resize: number;
  /** Side of the centre square that is kept. */
  crop: number;
  /** Crops are taken from here where it has them, and kept in it where not. */
  cache?: CropCache | undefined;
  /** The crops are kept in a new file of this name instead of memory; it is gone when the process ends. */
  storeFile?: string | undefined;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

export interface MakeCropsOptions extends CropGeometry {
  samples: readonly Sample[];
  /** Leave out what can't be decoded, instead of failing. */
  skipUnreadable: boolean;
}

/** An image that could not be read, and why. */
export interface UnreadableImage {
  file: string;
  reason: string;
}

/** The crops of a data set, and what they are of. */
export interface CroppedSamples {
  /** Crop `i` is that of `kept[i]`; `count` may exceed the length of `kept`. */
  store: CropStore;
  kept: Sample[];
  unreadable: UnreadableImage[];
}

/**
 * Decodes, resizes and crops all samples into one store outside the JavaScript heap. The caller closes the store.
 *
 * @throws ResnetFtError `IMAGE_UNREADABLE` that names every unreadable image, `DATA_INVALID` where skipping them leaves a
 * class without images, `OUTPUT_NOT_WRITABLE`, `NATIVE_ERROR`, `ABORTED`
 */
export async function makeCrops(options: MakeCropsOptions): Promise<CroppedSamples> {
  const { samples, skipUnreadable } = options;
  const inputs = samples.map(({ file }) => file);
  const { store, errors } = await cropImages({ ...options, inputs });
  try {
    const unreadable = samples.flatMap(({ file }, i) => {
      const error = errors.get(i);
      return error === undefined ? [] : [{ file, reason: withoutName(error.message, file) }];
    });
    if (unreadable.length > 0 && !skipUnreadable) throw unreadableError(unreadable);
    const kept = samples.filter((_, i) => !errors.has(i));
    if (unreadable.length > 0) requireEveryClass(samples, kept);
    return { store, kept, unreadable };
  } catch (error) {
    store.close();
    throw error;
  }
}

export interface CropImagesOptions extends CropGeometry {
  /** Paths of images, or their contents. */
  inputs: readonly (string | Uint8Array)[];
}

/**
 * Decodes, resizes and crops images into one store, those that can't be read or are too large left out: the store's first `count` crops are
 * those of the inputs without an error, in order. The caller closes the store.
 *
 * @throws ResnetFtError `OUTPUT_NOT_WRITABLE` where the store's file can't be made, read or has no room, `NATIVE_ERROR` where
 * there is no memory, `ABORTED`
 */
export async function cropImages(
  options: CropImagesOptions,
): Promise<{ store: CropStore; count: number; errors: Map<number, ResnetFtError> }> {
  const { inputs, signal } = options;
  throwIfAborted(signal, READING_STOPPED);
  const store = createStore(options);
  try {
    const errors = await fill(store, options);
    throwIfAborted(signal, READING_STOPPED);
    if (errors.size > 0) await compact(store, errors, options);
    return { store, count: inputs.length - errors.size, errors };
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

function storeError(cause: unknown, storeFile: string | undefined): ResnetFtError {
  const { message } = cause as Error;
  return storeFile === undefined
    ? new ResnetFtError('NATIVE_ERROR', message, { cause })
    : new ResnetFtError('OUTPUT_NOT_WRITABLE', `${storeFile}: ${withoutName(message, storeFile)}`, { cause });
}

/** Puts every readable image at its own index; returns why the others could not be read. */
async function fill(store: CropStore, options: CropImagesOptions): Promise<Map<number, ResnetFtError>> {
  const { inputs, signal, onProgress } = options;
  const errors = new Map<number, ResnetFtError>();
  let next = 0;
  let done = 0;
  let failed = false;
  async function work(): Promise<void> {
    while (!failed && signal?.aborted !== true) {
      const index = next++;
      const input = inputs[index];
      if (input === undefined) return;
      try {
        await put(store, index, input, options);
      } catch (error) {
        if (!(error instanceof ResnetFtError && error.code === 'IMAGE_UNREADABLE')) {
          failed = true;
          throw error;
        }
        errors.set(index, error);
      }
      onProgress?.(++done, inputs.length);
    }
  }
  const tasks = Math.min(inputs.length, os.availableParallelism() + SPARE_TASKS);
  // All tasks are waited for, so that none writes to a store that was closed.
  const results = await Promise.allSettled(Array.from({ length: tasks }, work));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return errors;
}

async function put(
  store: CropStore,
  index: number,
  input: string | Uint8Array,
  options: CropImagesOptions,
): Promise<void> {
  const { resize, crop, cache, storeFile } = options;
  const write = (image: RgbImage, to: number): Promise<void> =>
    store.put(index, { ...image, lent: true }, to).catch((cause: unknown) => {
      throw storeError(cause, storeFile);
    });
  if (cache === undefined) return write(await decodeResizable(input, { resize, crop }), resize);
  // Read once: the crop is that of the very bytes whose hash is its name.
  const content = typeof input === 'string' ? await readImage(input) : input;
  const key = await CropCache.key(content);
  const known = await cache.get(key);
  // A crop of the store's own size passes unchanged.
  if (known !== undefined) return write({ width: crop, height: crop, data: known }, crop);
  const name = typeof input === 'string' ? input : undefined;
  await write(await decodeResizable(content, { resize, crop }, name), resize);
  await cache.add(key, read(store, index, storeFile));
}

function read(store: CropStore, index: number, storeFile: string | undefined): Uint8Array {
  try {
    return store.get(index);
  } catch (cause) {
    throw storeError(cause, storeFile);
  }
}

/** Moves the crops down over the gaps; a crop of the store's own size passes `put` unchanged. */
async function compact(
  store: CropStore,
  gaps: ReadonlyMap<number, unknown>,
  { inputs, crop, storeFile }: CropImagesOptions,
): Promise<void> {
  let to = 0;
  for (let from = 0; from < inputs.length; from++) {
    if (gaps.has(from)) continue;
    if (to !== from) {
      const data = read(store, from, storeFile);
      await store.put(to, { width: crop, height: crop, data }, crop).catch((cause: unknown) => {
        throw storeError(cause, storeFile);
      });
    }
    to++;
  }
}

function requireEveryClass(samples: readonly Sample[], kept: readonly Sample[]): void {
  const left = new Set(kept.map(({ target }) => target));
  const lost = samples.filter(({ target }) => !left.has(target));
  if (lost.length === 0) return;
  // The first part of a sample's name is its class.
  const names = [...new Set(lost.map(({ name }) => name.split(/[\\/]/)[0]))];
  throw new ResnetFtError('DATA_INVALID', `no image could be read of: ${names.join(', ')}`, {
    hint: 'Every class needs an image that can be read',
  });
}

function unreadableError(unreadable: readonly UnreadableImage[]): ResnetFtError {
  const all = unreadable.map(({ file, reason }) => `${file}: ${reason}`).join('; ');
  const what = unreadable.length === 1 ? '1 image' : `${unreadable.length} images`;
  return new ResnetFtError('IMAGE_UNREADABLE', `${what} could not be read: ${all}`, {
    hint: 'Repair or remove them, or leave them out with --skip-unreadable',
  });
}
