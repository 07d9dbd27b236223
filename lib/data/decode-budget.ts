import os from 'node:os';
import { Semaphore } from 'async-mutex';

/** Shares that the budget is counted in; a thousand, for the semaphore counts through them. */
const SHARES = 1024;

/** Images beyond one for each processor that are decoded at the same time (`makeCrops`). */
const SPARE_IMAGES = 4;

/** Bytes for each image that may be decoded at the same time: a photograph of 50 million pixels waits for no other. */
const BYTES_OF_IMAGE = 160e6;

const BYTES_OF_SHARE = ((os.availableParallelism() + SPARE_IMAGES) * BYTES_OF_IMAGE) / SHARES;

const decoding = new Semaphore(SHARES);

/**
 * Runs a decoder when there is room for its pixels: those of all decoders at work together stay below a bound that ordinary
 * photographs never reach. What is larger than the bound runs alone.
 *
 * @param bytes of the decoded pixels, those that the decoder holds on the way among them; Infinity to be alone
 */
export function withRoomFor<T>(bytes: number, decode: () => Promise<T>): Promise<T> {
  const shares = Math.min(SHARES, Math.max(1, Math.ceil(bytes / BYTES_OF_SHARE)));
  return decoding.runExclusive(decode, shares);
}
