// Only what browsers decode as Pillow does is decoded: the content decides, not the name.

import { isJpeg, segments } from '../../../lib/data/decoders/jpeg-segments';
import { isPng } from '../../../lib/data/decoders/png-chunks';
import { isWebp } from '../../../lib/data/decoders/webp';

const PNG_BITS = 24;

/** What an image's file is, and where it may have alpha, whose pixels a canvas changes. */
export interface Format {
  type: 'image/jpeg' | 'image/png' | 'image/webp';
  alpha: boolean;
}

/** @throws Error with the reason where a browser would not decode it, or to other pixels than resnet-ft */
export function formatOf(bytes: Uint8Array): Format {
  if (bytes.length === 0) throw new Error('the file is empty');
  if (isJpeg(bytes)) {
    if (jpegComponents(bytes) > 3) throw new Error('a CMYK JPEG, of which browsers make other colours than resnet-ft');
    return { type: 'image/jpeg', alpha: false };
  }
  if (isPng(bytes)) {
    if ((bytes[PNG_BITS] ?? 0) > 8) {
      throw new Error('a PNG of 16 bits, of which browsers make other colours than resnet-ft');
    }
    return { type: 'image/png', alpha: true };
  }
  if (isWebp(bytes)) return { type: 'image/webp', alpha: true };
  throw new Error('not a JPEG, PNG or WebP, which are what browsers decode as resnet-ft does');
}

/** Colour components by the frame header (ITU-T T.81, B.2.2); 0 where there is none. */
function jpegComponents(bytes: Uint8Array): number {
  for (const { marker, at } of segments(bytes)) {
    // Frame headers, without the tables of Huffman codes (C4), JPG (C8) and arithmetic conditioning (CC) among them.
    if (marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) return bytes[at + 9] ?? 0;
  }
  return 0;
}
