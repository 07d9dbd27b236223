import { inflateSync } from 'node:zlib';
import { isJpeg, segments } from './jpeg';
import { isPng } from './png';
import { isTiff, readDirectory } from './tiff/ifd';

const ATTRIBUTE = 'tiff:Orientation';
const EXIF = 'Exif\0\0';
const XMP = 'http://ns.adobe.com/xap/1.0/\0';
const XMP_KEYWORD = 'XML:com.adobe.xmp\0';
const PROFILE_KEYWORD = 'Raw profile type exif\0';

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
  // Where they are damaged Pillow fails, or is content without: what else the file says does not count.
  try {
    return isTiff(tiff) ? readDirectory(tiff).orientation : 1;
  } catch {
    return 1;
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
  for (let at = 8; at + 8 <= bytes.length;) {
    const end = at + 8 + bytes.readUInt32BE(at);
    const name = bytes.toString('latin1', at + 4, at + 8);
    const content = bytes.subarray(at + 8, end);
    if (name === 'eXIf') found.exif = content;
    if (begins(content, XMP_KEYWORD)) xmp.push({ name, content });
    if (begins(content, PROFILE_KEYWORD)) profiles.push({ name, content });
    at = end + 4;
  }
  found.xmp = lastText(xmp);
  const profile = lastText(profiles);
  found.exif ??= profile === undefined ? undefined : bytesOfProfile(profile);
  return found;
}

interface Chunk {
  name: string;
  content: Buffer;
}

/** Damaged texts that are unpacked at most: each takes a millisecond, in which nothing else is done. */
const MOST_DAMAGED = 16;

/** The text of the last chunk that is not damaged, as with Pillow. */
function lastText(chunks: readonly Chunk[]): Buffer | undefined {
  for (const { name, content } of chunks.slice(-MOST_DAMAGED).reverse()) {
    const text = textOf(name, content);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** The text of a chunk tEXt, zTXt or iTXt, behind its keyword, flags, language and translated keyword; undefined for others, and for damaged ones. */
function textOf(name: string, content: Buffer): Buffer | undefined {
  const behind = content.indexOf(0) + 1;
  if (name === 'tEXt') return content.subarray(behind);
  if (name === 'zTXt') return inflated(content.subarray(behind + 1));
  if (name !== 'iTXt') return undefined;
  const language = content.indexOf(0, behind + 2);
  const keyword = language < 0 ? -1 : content.indexOf(0, language + 1);
  if (keyword < 0) return undefined;
  const text = content.subarray(keyword + 1);
  return content[behind] === 0 ? text : inflated(text);
}

function inflated(bytes: Buffer): Buffer | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: MAX_TEXT });
  } catch {
    return undefined;
  }
}

/** Hexadecimal digits in lines, behind three: an empty one, the kind and the length. */
function bytesOfProfile(text: Buffer): Buffer {
  return Buffer.from(text.toString('latin1').split('\n').slice(3).join('').replace(/\s/g, ''), 'hex');
}

function ofWebp(bytes: Buffer): Metadata {
  const found: Metadata = {};
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = bytes.readUInt32LE(at + 4);
    const name = bytes.toString('latin1', at, at + 4);
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (name === 'EXIF') found.exif ??= content;
    if (name === 'XMP ') found.xmp ??= content;
    at += 8 + length + (length % 2);
  }
  return found;
}

function begins(content: Buffer, text: string): boolean {
  return content.toString('latin1', 0, text.length) === text;
}
