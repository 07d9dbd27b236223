// Browsers turn images by their EXIF data whatever they are told, and some heed colour profiles. They get images without either; where a model
// wants them turned, that is done here, as in Node.js.

import { begins, joined, latin1, viewOf } from '../../../lib/data/decoders/bytes';
import { segments } from '../../../lib/data/decoders/jpeg-segments';
import { findOrientation } from '../../../lib/data/decoders/metadata';
import type { Format } from './browser-format';
import { inflated } from './browser-inflate';

/** How an image is to be turned, 1 to 8, by what turns it in Node.js. */
export async function orientationOf(bytes: Uint8Array): Promise<number> {
  const search = findOrientation(bytes);
  let found = search.next();
  while (!found.done) found = search.next(await inflated(found.value));
  return found.value;
}

/** Takes descriptions out of a JPEG, PNG or WebP. A file that is damaged is left as it is from there on. */
export function bare(bytes: Uint8Array<ArrayBuffer>, type: Format['type']): Uint8Array<ArrayBuffer> {
  if (type === 'image/webp') return disguised(bytes);
  return cut(bytes, type === 'image/jpeg' ? descriptionsOfJpeg(bytes) : descriptionsOfPng(bytes));
}

/** A piece of a file, from where to where. */
type Piece = [at: number, end: number];

/** Of the segments before the first scan. JFIF's (APP0) and Adobe's (APP14) describe the colours, and stay; odd bytes between segments do not. */
function* descriptionsOfJpeg(bytes: Uint8Array): Generator<Piece> {
  let end = 2;
  for (const { marker, at, next } of segments(bytes)) {
    if (at > end) yield [end, at];
    end = next;
    const describes = (marker >= 0xe1 && marker <= 0xef && marker !== 0xee) || marker === 0xfe;
    if (describes) yield [at, next];
  }
}

/** Chunks that say what colours mean, or what the picture is of. */
const PNG_DESCRIPTIONS = new Set(['eXIf', 'iCCP', 'gAMA', 'cHRM', 'sRGB', 'cICP', 'iTXt', 'tEXt', 'zTXt']);

function* descriptionsOfPng(bytes: Uint8Array): Generator<Piece> {
  for (let at = 8; at + 8 <= bytes.length;) {
    const end = at + 12 + viewOf(bytes).getUint32(at);
    if (end > bytes.length) return;
    if (PNG_DESCRIPTIONS.has(latin1(bytes, at + 4, at + 8))) yield [at, end];
    at = end;
  }
}

function cut(bytes: Uint8Array<ArrayBuffer>, descriptions: Iterable<Piece>): Uint8Array<ArrayBuffer> {
  const kept: Uint8Array[] = [];
  let from = 0;
  for (const [at, end] of descriptions) {
    kept.push(bytes.subarray(from, at));
    from = end;
  }
  return from === 0 ? bytes : joined([...kept, bytes.subarray(from)]);
}

const WEBP_DESCRIPTIONS = new Set(['EXIF', 'XMP ', 'ICCP']);
const VP8X_FLAGS = 20;
/** A colour profile, EXIF data and XMP. */
const WEBP_DESCRIBED = 0x20 | 0x08 | 0x04;

/** The header of a WebP has its length; chunks of unknown names, which decoders pass over, may stay. */
function disguised(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const out = bytes.slice();
  for (let at = 12; at + 8 <= bytes.length;) {
    if (WEBP_DESCRIPTIONS.has(latin1(bytes, at, at + 4))) out.fill(0x7a, at, at + 4);
    const length = viewOf(bytes).getUint32(at + 4, true);
    at += 8 + length + (length % 2);
  }
  if (begins(out, 'VP8X', 12)) out[VP8X_FLAGS] = (out[VP8X_FLAGS] ?? 0) & ~WEBP_DESCRIBED;
  return out;
}
