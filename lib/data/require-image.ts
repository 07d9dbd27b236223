import { rejectOption } from '../options';

/** An image as it is now: its caller may write into the bytes again at once. */
export const asItIsNow = <T>(input: T): T | Uint8Array => (input instanceof Uint8Array ? new Uint8Array(input) : input);

/** @throws ResnetFtError INVALID_OPTION for what is neither a path nor the bytes of an image */
export function requireImage(input: unknown): string | Uint8Array {
  if (input instanceof Uint8Array || (typeof input === 'string' && input !== '')) return input;
  return rejectOption("a path or an image's bytes", 'the image', input);
}
