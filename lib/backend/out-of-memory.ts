import { ResnetFtError } from '../errors';

/**
 * How LibTorch says that there is no memory: of CUDA's allocator, of cuDNN (in other words from version 9 on) and cuBLAS, of the CPU's,
 * std::bad_alloc, and oneDNN. What oneDNN can't compute at all it refuses before, with "could not create a primitive descriptor for ..."; that
 * a primitive itself can't be created, it says of memory, and where the system lets nothing write machine code, but there Node.js does not
 * even start.
 */
const NO_MEMORY =
  /out of memory|not enough memory|can't allocate memory|CUDNN_STATUS_(?:INTERNAL_ERROR_(?:HOST|DEVICE)_)?ALLOC(?:ATION)?_FAILED|CUBLAS_STATUS_ALLOC_FAILED|bad_alloc|could not create a (?:primitive|memory|memory object)$/i;

/** Whether an error of a backend says that something did not fit into memory; not where that was told already. */
export function isOutOfMemory(error: unknown): error is Error {
  const told = error instanceof ResnetFtError && error.code === 'OUT_OF_MEMORY';
  return error instanceof Error && !told && NO_MEMORY.test(error.message);
}

/**
 * Finds the greatest batch that fits, of halves of the one that did not. A backend has given back what the failed attempt took.
 *
 * @param attempt rejects with an {@link isOutOfMemory} error where a batch of so many images does not fit
 * @returns undefined where not even one image does
 */
export async function fittingBatch(
  batchSize: number,
  attempt: (batchSize: number) => Promise<unknown>,
): Promise<number | undefined> {
  for (let size = Math.floor(batchSize / 2); size >= 1; size = Math.floor(size / 2)) {
    try {
      await attempt(size);
      return size;
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
    }
  }
  return undefined;
}

/** The error of a batch that does not fit. */
export function batchDoesNotFit(error: Error, batchSize: number, hint: string): ResnetFtError {
  const images = batchSize === 1 ? 'A batch of one image' : `A batch of ${batchSize} images`;
  return new ResnetFtError('OUT_OF_MEMORY', `${images} does not fit into memory: ${error.message}`, {
    hint,
    cause: error,
  });
}

/** What to do where nothing fits on a device. */
export function makeRoom(device: string): string {
  return device === 'cpu' ? 'Make room in memory' : `Make room on ${device}, or use --device cpu`;
}

/**
 * Waits for a network that is made on a device.
 *
 * @param hint what to do where it does not fit
 * @throws ResnetFtError OUT_OF_MEMORY where it does not fit there
 */
export async function madeOn<T>(device: string, making: Promise<T>, hint = makeRoom(device)): Promise<T> {
  try {
    return await making;
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    throw new ResnetFtError('OUT_OF_MEMORY', `The network does not fit into memory: ${error.message}`, {
      hint,
      cause: error,
    });
  }
}
