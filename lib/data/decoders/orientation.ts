import { constants, inflateSync } from 'node:zlib';
import { findOrientation } from './metadata';
import { MAX_TEXT } from './png-texts';

/** How an image is to be turned, 1 to 8, by its EXIF data or XMP: {@link findOrientation}. */
export function orientationOf(bytes: Buffer): number {
  const search = findOrientation(bytes);
  let found = search.next();
  while (!found.done) found = search.next(inflated(found.value));
  return found.value;
}

/** Of data that are cut off, what there is of them, as Python's `zlib.decompressobj` does. */
function inflated(bytes: Uint8Array): Buffer | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: MAX_TEXT, finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return undefined;
  }
}
