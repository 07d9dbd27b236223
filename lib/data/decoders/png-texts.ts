// Without Buffer and zlib: the runtime of browsers takes it too.

import { begins } from './bytes';
import { chunksOfFirstPicture, type Chunk } from './png-chunks';

/** What describes an image, where its file has it. */
export interface Metadata {
  /** A TIFF, whose first directory has the tags. */
  exif?: Uint8Array | undefined;
  xmp?: Uint8Array | undefined;
}

/**
 * Reads something that is partly packed: it asks with data that zlib packed, and is answered with what they unpack to; of those that are cut
 * off with what there is, of those that are damaged or unpack to more than {@link MAX_TEXT} with undefined. Node.js can answer at once, browsers can't.
 */
export type Unpacking<T> = Generator<Uint8Array, T, Uint8Array | undefined>;

/** Bytes that a compressed text may unpack to, as with Pillow. */
export const MAX_TEXT = 2 ** 20;

const XMP = 'XML:com.adobe.xmp\0';
const EXIF = 'exif\0';
const PROFILE = 'Raw profile type exif\0';

/** As Pillow: EXIF data of the chunk eXIf, of a text, or of the text in which ImageMagick keeps them; XMP of a text. */
export function* metadataOfPng(bytes: Uint8Array): Unpacking<Metadata> {
  const found: Metadata = {};
  const xmp: Chunk[] = [];
  const profiles: Chunk[] = [];
  for (const chunk of chunksOfFirstPicture(bytes)) {
    const { name, content } = chunk;
    if (name === 'eXIf') found.exif = content;
    if (name === 'tEXt' && begins(content, EXIF)) found.exif = content.subarray(EXIF.length);
    if (begins(content, XMP)) xmp.push(chunk);
    if (begins(content, PROFILE)) profiles.push(chunk);
  }
  found.xmp = yield* lastText(xmp, isText);
  // One that is empty, or no text, is not what Pillow looks at first; then any iTXt counts.
  if (!found.xmp?.length) found.xmp = yield* lastText(xmp.filter(({ name }) => name === 'iTXt'));
  if (found.exif !== undefined) return found;
  const profile = yield* lastText(profiles, isText);
  return { ...found, exif: profile && bytesOfProfile(profile) };
}

/** Damaged texts that are looked at most: each takes a millisecond to unpack, in which nothing else is done. */
const MOST_DAMAGED = 16;

/** The text of the last chunk that has one, as with Pillow. */
function* lastText(
  chunks: readonly Chunk[],
  accepts = (_text: Uint8Array, _chunk: Chunk) => true,
): Unpacking<Uint8Array | undefined> {
  for (const chunk of chunks.slice(-MOST_DAMAGED).reverse()) {
    const text = yield* textOf(chunk);
    if (text !== undefined && accepts(text, chunk)) return text;
  }
  return undefined;
}

/** An iTXt whose language, translated keyword or text is not UTF-8 is not taken for a text by Pillow; Latin-1, as the others are in, has no such. */
function isText(text: Uint8Array, { name, content }: Chunk): boolean {
  const behindFlags = content.indexOf(0) + 3;
  const behindWords = content.indexOf(0, content.indexOf(0, behindFlags) + 1);
  return name !== 'iTXt' || (isUtf8(text) && isUtf8(content.subarray(behindFlags, behindWords)));
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/**
 * The text of a chunk tEXt, zTXt or iTXt, behind its keyword, flags, language and translated keyword; undefined for others. Of a damaged zTXt it is
 * empty, and a damaged iTXt has none, as with Pillow.
 */
function* textOf({ name, content }: Chunk): Unpacking<Uint8Array | undefined> {
  const behind = content.indexOf(0) + 1;
  if (name === 'tEXt') return content.subarray(behind);
  if (name === 'zTXt') return (yield content.subarray(behind + 1)) ?? new Uint8Array();
  if (name !== 'iTXt') return undefined;
  const language = content.indexOf(0, behind + 2);
  const keyword = language < 0 ? -1 : content.indexOf(0, language + 1);
  if (keyword < 0) return undefined;
  const text = content.subarray(keyword + 1);
  if (content[behind] === 0) return text;
  // The only method is 0, deflate.
  return content[behind + 1] === 0 ? yield text : undefined;
}

const LINE_FEED = 10;
const SPACES = new Set([9, LINE_FEED, 11, 12, 13, 32, 0xa0]);
const DIGITS = new Map([...'0123456789abcdefABCDEF'].map((digit) => [digit.charCodeAt(0), parseInt(digit, 16)]));

/** Hexadecimal digits in lines, behind three: an empty one, the kind and the length. What follows something else does not count. */
function bytesOfProfile(text: Uint8Array): Uint8Array {
  let at = -1;
  for (let line = 0; line < 3; line++) {
    at = text.indexOf(LINE_FEED, at + 1);
    if (at < 0) return new Uint8Array();
  }
  const out = new Uint8Array((text.length - at) >> 1);
  let digits = 0;
  for (const code of text.subarray(at)) {
    if (SPACES.has(code)) continue;
    const value = DIGITS.get(code);
    if (value === undefined) break;
    out[digits >> 1] = ((out[digits >> 1] ?? 0) << 4) | value;
    digits++;
  }
  return out.subarray(0, digits >> 1);
}
