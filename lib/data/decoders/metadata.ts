// Without Buffer and zlib: the runtime of browsers takes it too.

import { begins, joined, latin1, viewOf } from './bytes';
import { isJpeg, segments } from './jpeg-segments';
import { isPng } from './png-chunks';
import { metadataOfPng, type Metadata, type Unpacking } from './png-texts';
import { isTiff, readDirectory } from './tiff/ifd';
import { isWebp } from './webp';
import { orientationOfXmp } from './xmp';

/** The third byte of a BigTIFF by which Pillow knows it. */
const BIG_TIFF = 43;

/**
 * How the camera was held, 1 to 8, as Pillow's `ImageOps.exif_transpose` finds it: in the EXIF data of a JPEG, PNG (its chunk eXIf, or
 * the text in which ImageMagick keeps them) or WebP, or else in its XMP. 1, upright, where nothing says so, where what does is damaged (there Pillow fails), and for a TIFF, which
 * decoders turn in any case, as Pillow does.
 */
export function* findOrientation(bytes: Uint8Array): Unpacking<number> {
  const { exif, xmp } = yield* metadataOf(bytes);
  const orientation = orientationOfExif(exif) ?? (xmp && orientationOfXmp(xmp)) ?? 1;
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

function* metadataOf(bytes: Uint8Array): Unpacking<Metadata> {
  if (isJpeg(bytes)) return ofJpeg(bytes);
  if (isPng(bytes)) return yield* metadataOfPng(bytes);
  return isWebp(bytes) ? ofWebp(bytes) : {};
}

function orientationOfExif(exif: Uint8Array | undefined): number | undefined {
  if (exif === undefined) return undefined;
  const tiff = exif.subarray(/^(?:Exif\0\0){0,2}/.exec(latin1(exif, 0, 12))?.[0].length);
  if (tiff.length === 0) return undefined;
  // At another header, or one of a BigTIFF, Pillow gives up: what else the file says does not count.
  if (!isTiff(tiff) || tiff[2] === BIG_TIFF) return 1;
  try {
    return readDirectory(tiff).orientation;
  } catch {
    return undefined;
  }
}

const JPEG_EXIF = 'Exif\0\0';
const JPEG_XMP = 'http://ns.adobe.com/xap/1.0/\0';

/** EXIF data that are longer than a segment go on in the next. */
function ofJpeg(bytes: Uint8Array): Metadata {
  const found: Metadata = {};
  const exif: Uint8Array[] = [];
  for (const { marker, at, next } of segments(bytes)) {
    if (marker !== 0xe1) continue;
    const content = bytes.subarray(at + 4, next);
    if (begins(content, JPEG_EXIF)) exif.push(content.subarray(JPEG_EXIF.length));
    else if (begins(content, JPEG_XMP)) found.xmp = content.subarray(JPEG_XMP.length);
  }
  return exif.length === 0 ? found : { ...found, exif: joined(exif) };
}

/** Where the flags of the chunk VP8X are (the container specification of WebP). */
const WEBP_FLAGS = 20;
const WEBP_EXIF = 0x08;
const WEBP_XMP = 0x04;

/** Bytes before the pixels of a frame. */
const WEBP_FRAME = 16;

/** As libwebp's demuxer: only what the first chunk, VP8X, says is there; whatever a frame says of its length, it ends with its pixels. */
function ofWebp(bytes: Uint8Array): Metadata {
  const found: Metadata = {};
  if (!begins(bytes, 'VP8X', 12)) return found;
  const view = viewOf(bytes);
  const flags = bytes[WEBP_FLAGS] ?? 0;
  const end = Math.min(bytes.length, 8 + view.getUint32(4, true));
  for (let at = 12; at + 8 <= end;) {
    const length = view.getUint32(at + 4, true);
    const name = latin1(bytes, at, at + 4);
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (name === 'EXIF' && flags & WEBP_EXIF) found.exif ??= content;
    if (name === 'XMP ' && flags & WEBP_XMP) found.xmp ??= content;
    at += 8 + (name === 'ANMF' ? WEBP_FRAME : length + (length % 2));
  }
  return found;
}
