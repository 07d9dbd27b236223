import { rejectOption } from '../options';

/**
 * An image as it is now: its caller may write into the bytes again at once.
 *
 * @throws ResnetFtError INVALID_OPTION for bytes that were transferred elsewhere
 */
export function asItIsNow<T>(input: T): T | Uint8Array {
  if (!(input instanceof Uint8Array)) return input;
  try {
    return new Uint8Array(input);
  } catch {
    return rejectOption("a path or an image's bytes", 'the image', 'bytes that were transferred to somewhere else');
  }
}

/** @throws ResnetFtError INVALID_OPTION for what is neither a path nor the bytes of an image */
export function requireImage(input: unknown): string | Uint8Array {
  if (input instanceof Uint8Array || (typeof input === 'string' && input !== '')) return input;
  return rejectOption("a path or an image's bytes", 'the image', input);
}
