// Only what browsers decode as Pillow does is decoded: the content decides, not the name.

import { segments } from '../../../lib/data/decoders/jpeg-segments';

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const PNG_BITS = 24;

/** What an image's file is, and where it may have alpha, whose pixels a canvas changes. */
export interface Format {
  type: 'image/jpeg' | 'image/png' | 'image/webp';
  alpha: boolean;
}

/** @throws Error with the reason where a browser would not decode it, or to other pixels than resnet-ft */
export function formatOf(bytes: Uint8Array): Format {
  if (bytes.length === 0) throw new Error('the file is empty');
  if (begins(bytes, 0, [0xff, 0xd8, 0xff])) {
    if (jpegComponents(bytes) > 3) throw new Error('a CMYK JPEG, of which browsers make other colours than resnet-ft');
    return { type: 'image/jpeg', alpha: false };
  }
  if (begins(bytes, 0, PNG_SIGNATURE)) {
    if ((bytes[PNG_BITS] ?? 0) > 8) {
      throw new Error('a PNG of 16 bits, of which browsers make other colours than resnet-ft');
    }
    return { type: 'image/png', alpha: true };
  }
  if (begins(bytes, 0, [0x52, 0x49, 0x46, 0x46]) && begins(bytes, 8, [0x57, 0x45, 0x42, 0x50])) {
    return { type: 'image/webp', alpha: true };
  }
  throw new Error('not a JPEG, PNG or WebP, which are what browsers decode as resnet-ft does');
}

function begins(bytes: Uint8Array, at: number, signature: readonly number[]): boolean {
  return signature.every((value, i) => bytes[at + i] === value);
}

/** Colour components by the frame header (ITU-T T.81, B.2.2); 0 where there is none. */
function jpegComponents(bytes: Uint8Array): number {
  for (const { marker, at } of segments(bytes)) {
    // Frame headers, without the tables of Huffman codes (C4), JPG (C8) and arithmetic conditioning (CC) among them.
    if (marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) return bytes[at + 9] ?? 0;
  }
  return 0;
}
