import { rejectOption } from '../options';

/** @throws ResnetFtError INVALID_OPTION for what is neither a path nor the bytes of an image */
export function requireImage(input: unknown): string | Uint8Array {
  if (input instanceof Uint8Array || (typeof input === 'string' && input !== '')) return input;
  return rejectOption("a path or an image's bytes", 'the image', input);
}
