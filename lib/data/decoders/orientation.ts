import { isUtf8 } from 'node:buffer';
import { constants, inflateSync } from 'node:zlib';
import { isJpeg } from './jpeg';
import { segments } from './jpeg-segments';
import { chunksOfFirstPicture, isPng, type Chunk } from './png';
import { isTiff, readDirectory } from './tiff/ifd';

const ATTRIBUTE = 'tiff:Orientation';
const EXIF = 'Exif\0\0';
const XMP = 'http://ns.adobe.com/xap/1.0/\0';
const XMP_KEYWORD = 'XML:com.adobe.xmp\0';
const EXIF_KEYWORD = 'exif\0';
const PROFILE_KEYWORD = 'Raw profile type exif\0';

/** The third byte of a BigTIFF by which Pillow knows it. */
const BIG_TIFF = 43;

/** Bytes that a compressed text of a PNG may unpack to, as with Pillow. */
const MAX_TEXT = 2 ** 20;

/** What describes an image, where its file has it. */
interface Metadata {
  /** A TIFF, whose first directory has the tags. */
  exif?: Buffer | undefined;
  xmp?: Buffer | undefined;
}

/**
 * How the camera was held, 1 to 8, as Pillow's `ImageOps.exif_transpose` finds it: in the EXIF data of a JPEG, PNG (its chunk eXIf, or
 * the text in which ImageMagick keeps them) or WebP, or else in its XMP. 1, upright, where nothing says so, where what does is damaged (there Pillow fails), and for a TIFF, which
 * decoders turn in any case, as Pillow does.
 */
export function orientationOf(bytes: Buffer): number {
  const { exif, xmp } = metadataOf(bytes);
  const orientation = tagOf(exif) ?? attributeOf(xmp);
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

/** `tiff:Orientation="6"` or `<tiff:Orientation>6`; NaN where there is none. */
function attributeOf(xmp: Buffer | undefined): number {
  if (xmp === undefined) return NaN;
  for (let at = xmp.indexOf(ATTRIBUTE); at >= 0; at = xmp.indexOf(ATTRIBUTE, at + 1)) {
    const from = at + ATTRIBUTE.length;
    const digit = /^(?:="|>)([0-9])/.exec(xmp.toString('latin1', from, from + 3))?.[1];
    if (digit !== undefined) return Number(digit);
  }
  return NaN;
}

function tagOf(exif: Buffer | undefined): number | undefined {
  if (exif === undefined) return undefined;
  const tiff = exif.subarray(/^(?:Exif\0\0){0,2}/.exec(exif.toString('latin1', 0, 12))?.[0].length);
  if (tiff.length === 0) return undefined;
  // At another header, or one of a BigTIFF, Pillow gives up: what else the file says does not count.
  if (!isTiff(tiff) || tiff[2] === BIG_TIFF) return 1;
  try {
    return readDirectory(tiff).orientation;
  } catch {
    return undefined;
  }
}

function metadataOf(bytes: Buffer): Metadata {
  if (isJpeg(bytes)) return ofJpeg(bytes);
  if (isPng(bytes)) return ofPng(bytes);
  return bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP' ? ofWebp(bytes) : {};
}

/** EXIF data that are longer than a segment go on in the next. */
function ofJpeg(bytes: Buffer): Metadata {
  const found: Metadata = {};
  const exif: Buffer[] = [];
  for (const { marker, at, next } of segments(bytes)) {
    if (marker !== 0xe1) continue;
    const content = bytes.subarray(at + 4, next);
    if (begins(content, EXIF)) exif.push(content.subarray(EXIF.length));
    else if (begins(content, XMP)) found.xmp = content.subarray(XMP.length);
  }
  return exif.length === 0 ? found : { ...found, exif: Buffer.concat(exif) };
}

function ofPng(bytes: Buffer): Metadata {
  const found: Metadata = {};
  const xmp: Chunk[] = [];
  const profiles: Chunk[] = [];
  for (const { name, content } of chunksOfFirstPicture(bytes)) {
    if (name === 'eXIf') found.exif = content;
    if (name === 'tEXt' && begins(content, EXIF_KEYWORD)) found.exif = content.subarray(EXIF_KEYWORD.length);
    if (begins(content, XMP_KEYWORD)) xmp.push({ name, content });
    if (begins(content, PROFILE_KEYWORD)) profiles.push({ name, content });
  }
  found.xmp = lastText(xmp, isText);
  // One that is empty, or no text, is not what Pillow looks at first; then any iTXt counts.
  if (!found.xmp?.length) found.xmp = lastText(xmp.filter(({ name }) => name === 'iTXt'));
  const profile = lastText(profiles, isText);
  found.exif ??= profile === undefined ? undefined : bytesOfProfile(profile);
  return found;
}

/** Damaged texts that are looked at most: each takes a millisecond to unpack, in which nothing else is done. */
const MOST_DAMAGED = 16;

/** The text of the last chunk that has one, as with Pillow. */
function lastText(chunks: readonly Chunk[], accepts = (_text: Buffer, _chunk: Chunk) => true): Buffer | undefined {
  for (const chunk of chunks.slice(-MOST_DAMAGED).reverse()) {
    const text = textOf(chunk);
    if (text !== undefined && accepts(text, chunk)) return text;
  }
  return undefined;
}

/** An iTXt whose language, translated keyword or text is not UTF-8 is not taken for a text by Pillow; Latin-1, as the others are in, has no such. */
function isText(text: Buffer, { name, content }: Chunk): boolean {
  const behindFlags = content.indexOf(0) + 3;
  return (
    name !== 'iTXt' ||
    (isUtf8(text) && isUtf8(content.subarray(behindFlags, content.indexOf(0, content.indexOf(0, behindFlags) + 1))))
  );
}

/**
 * The text of a chunk tEXt, zTXt or iTXt, behind its keyword, flags, language and translated keyword; undefined for others. Of a damaged zTXt it is
 * empty, and a damaged iTXt has none, as with Pillow.
 */
function textOf({ name, content }: Chunk): Buffer | undefined {
  const behind = content.indexOf(0) + 1;
  if (name === 'tEXt') return content.subarray(behind);
  if (name === 'zTXt') return inflated(content.subarray(behind + 1)) ?? Buffer.alloc(0);
  if (name !== 'iTXt') return undefined;
  const language = content.indexOf(0, behind + 2);
  const keyword = language < 0 ? -1 : content.indexOf(0, language + 1);
  if (keyword < 0) return undefined;
  const text = content.subarray(keyword + 1);
  if (content[behind] === 0) return text;
  // The only method is 0, deflate.
  return content[behind + 1] === 0 ? inflated(text) : undefined;
}

/** Of data that are cut off, what there is of them, as Python's `zlib.decompressobj` does. */
function inflated(bytes: Buffer): Buffer | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: MAX_TEXT, finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return undefined;
  }
}

/** Hexadecimal digits in lines, behind three: an empty one, the kind and the length. */
function bytesOfProfile(text: Buffer): Buffer {
  return Buffer.from(text.toString('latin1').split('\n').slice(3).join('').replace(/\s/g, ''), 'hex');
}

/** Flags in the chunk VP8X (the container specification of WebP). */
const WEBP_EXIF = 0x08;
const WEBP_XMP = 0x04;

/** Bytes before the pixels of a frame. */
const WEBP_FRAME = 16;

/** As libwebp's demuxer: only what the first chunk, VP8X, says is there; whatever a frame says of its length, it ends with its pixels. */
function ofWebp(bytes: Buffer): Metadata {
  const found: Metadata = {};
  const flags = bytes[20] ?? 0;
  if (bytes.toString('latin1', 12, 16) !== 'VP8X') return found;
  const end = Math.min(bytes.length, 8 + bytes.readUInt32LE(4));
  for (let at = 12; at + 8 <= end;) {
    const length = bytes.readUInt32LE(at + 4);
    const name = bytes.toString('latin1', at, at + 4);
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (name === 'EXIF' && flags & WEBP_EXIF) found.exif ??= content;
    if (name === 'XMP ' && flags & WEBP_XMP) found.xmp ??= content;
    at += 8 + (name === 'ANMF' ? WEBP_FRAME : length + (length % 2));
  }
  return found;
}

function begins(content: Buffer, text: string): boolean {
  return content.toString('latin1', 0, text.length) === text;
}
