import type { BackendOperations, ImageStore } from '../backend/types';
import { throwIfAborted } from '../errors';
import { decodeImage } from './decode';
import type { Sample } from './image-folder';
import { readAll, READING_STOPPED, readSamples, type ReadOptions, type ReadSamples } from './read-all';
import { storeError } from './store-error';

export interface KeepImagesOptions extends ReadOptions {
  backend: Pick<BackendOperations, 'createImageStore'>;
  samples: readonly Sample[];
  /** Images whose short side has more pixels are resized to so many; 0 keeps them as they are. */
  shortSide: number;
  /** Whether each is first turned as its EXIF orientation says; default no. */
  exifRotate?: boolean | undefined;
  /** Bytes of images that may be in memory, where there is a `storeFile` for the others. */
  memory: number;
  /** A new file of this name, which is gone when the process ends. */
  storeFile?: string | undefined;
  /** Leave out what can't be decoded, instead of failing. */
  skipUnreadable: boolean;
}

/** The images of a data set, each at the index of its sample, and what they are of. */
export interface KeptImages extends ReadSamples {
  store: ImageStore;
}

/**
 * Decodes all samples into one store outside the JavaScript heap, of which windows are cut afterwards. The caller closes the store.
 *
 * @throws ResnetFtError `IMAGE_UNREADABLE` with all unreadable images, `DATA_INVALID` where skipping them leaves a
 * class without images, `OUTPUT_NOT_WRITABLE`, `NATIVE_ERROR`, `ABORTED`
 */
export async function keepImages(options: KeepImagesOptions): Promise<KeptImages> {
  const { samples, shortSide, exifRotate, skipUnreadable, storeFile, signal } = options;
  throwIfAborted(signal, READING_STOPPED);
  const store = createStore(options);
  try {
    const errors = await readAll(samples, options, async ({ file }, index) => {
      const image = await decodeImage(file, file, exifRotate);
      await store.put(index, { ...image, lent: true }, shortSide).catch((cause: unknown) => {
        throw storeError(cause, storeFile);
      });
    });
    return { store, ...readSamples(samples, errors, skipUnreadable) };
  } catch (error) {
    store.close();
    throw error;
  }
}

function createStore({ backend, samples, memory, storeFile }: KeepImagesOptions): ImageStore {
  try {
    return backend.createImageStore(samples.length, {
      memory,
      ...(storeFile === undefined ? {} : { file: storeFile }),
    });
  } catch (cause) {
    throw storeError(cause, storeFile);
  }
}
