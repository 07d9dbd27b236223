// Browsers turn images by their EXIF data whatever they are told, and some heed colour profiles. They get images without either; where a model
// wants them turned, that is done here, as lib/data/decoders/orientation.ts finds it. That needs Node.js's zlib, and is told here once more.

import { isTiff, readDirectory } from '../../../lib/data/decoders/tiff/ifd';
import { segments } from '../../../lib/data/decoders/jpeg-segments';
import { asBuffer } from './browser-bytes';
import { inflated } from './browser-inflate';

/** An image without what describes it. */
export interface Bare {
  bytes: Uint8Array<ArrayBuffer>;
  /** The EXIF orientation, 1 to 8; 1, upright, where nothing says so. */
  orientation(): Promise<number>;
}

/** A piece of a file: where it begins and ends, and whether it only describes the image. */
interface Piece {
  at: number;
  end: number;
  describes: boolean;
}

/** What describes an image, where its file has it. */
interface Metadata {
  exif?: Uint8Array | undefined;
  xmp?: Uint8Array | undefined;
}

const textOf = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, Math.min(to, bytes.length)));

const begins = (bytes: Uint8Array, text: string): boolean => textOf(bytes, 0, text.length) === text;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

const latin1 = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

/** Takes descriptions out of a JPEG, PNG or WebP. A file that is damaged is left as it is from there on. */
export function bare(bytes: Uint8Array<ArrayBuffer>, type: string): Bare {
  const [piecesOf, metadataOf] = READERS[type] ?? READERS['image/webp'];
  const pieces = [...piecesOf(bytes)].filter(({ describes }) => describes);
  const left = type === 'image/webp' ? disguised(bytes, pieces) : cut(bytes, pieces);
  return {
    bytes: left,
    async orientation() {
      const { exif, xmp } = await metadataOf(bytes);
      const orientation = tagOf(exif) ?? attributeOf(xmp);
      return orientation >= 1 && orientation <= 8 ? orientation : 1;
    },
  };
}

const EXIF = 'Exif\0\0';
const XMP = 'http://ns.adobe.com/xap/1.0/\0';

/** The segments before the first scan. JFIF's (APP0) and Adobe's (APP14) describe the colours, and stay; odd bytes between segments do not. */
function* piecesOfJpeg(bytes: Uint8Array): Generator<Piece> {
  let end = 2;
  for (const { marker, at, next } of segments(bytes)) {
    if (at > end) yield { at: end, end: at, describes: true };
    end = next;
    const describes = (marker >= 0xe1 && marker <= 0xef && marker !== 0xee) || marker === 0xfe;
    yield { at, end: next, describes };
  }
}

/** EXIF data that are longer than a segment go on in the next. */
function ofJpeg(bytes: Uint8Array): Metadata {
  const found: Metadata = {};
  const exif: Uint8Array[] = [];
  for (const { marker, at, next } of segments(bytes)) {
    if (marker !== 0xe1) continue;
    const content = bytes.subarray(at + 4, next);
    if (begins(content, EXIF)) exif.push(content.subarray(EXIF.length));
    else if (begins(content, XMP)) found.xmp = content.subarray(XMP.length);
  }
  return exif.length === 0 ? found : { ...found, exif: joined(exif) };
}

/** Chunks that say what colours mean, or what the picture is of. */
const PNG_DESCRIPTIONS = new Set(['eXIf', 'iCCP', 'gAMA', 'cHRM', 'sRGB', 'cICP', 'iTXt', 'tEXt', 'zTXt']);

interface Chunk {
  name: string;
  content: Uint8Array;
}

function* piecesOfPng(bytes: Uint8Array): Generator<Piece & Chunk> {
  for (let at = 8; at + 8 <= bytes.length;) {
    const end = at + 12 + viewOf(bytes).getUint32(at);
    if (end > bytes.length) return;
    const name = textOf(bytes, at + 4, at + 8);
    yield { at, end, describes: PNG_DESCRIPTIONS.has(name), name, content: bytes.subarray(at + 8, end - 4) };
    at = end;
  }
}

const PNG_XMP = 'XML:com.adobe.xmp\0';
const PNG_EXIF = 'exif\0';
const PNG_PROFILE = 'Raw profile type exif\0';

async function ofPng(bytes: Uint8Array): Promise<Metadata> {
  const found: Metadata = {};
  const xmp: Chunk[] = [];
  const profiles: Chunk[] = [];
  let [frames, framed, pixels] = [0, false, false];
  for (const { name, content } of piecesOfPng(bytes)) {
    // What comes later is of the next picture of an animation.
    const animated = frames > 1 || (frames === 1 && !framed);
    if (name === 'IEND' || (pixels && animated && name === 'fcTL')) break;
    if (name === 'IDAT') pixels = true;
    if (name === 'fcTL' && !pixels) framed = true;
    if (name === 'acTL' && !pixels && content.length >= 4) {
      const told = viewOf(content).getUint32(0);
      frames = frames === 0 && told <= 0x80000000 ? told : 0;
    }
    if (name === 'eXIf') found.exif = content;
    if (name === 'tEXt' && begins(content, PNG_EXIF)) found.exif = content.subarray(PNG_EXIF.length);
    if (begins(content, PNG_XMP)) xmp.push({ name, content });
    if (begins(content, PNG_PROFILE)) profiles.push({ name, content });
  }
  found.xmp = await lastText(xmp, isText);
  // One that is empty, or no text, is not what Pillow looks at first; then any iTXt counts.
  if (!found.xmp?.length) found.xmp = await lastText(xmp.filter(({ name }) => name === 'iTXt'));
  if (found.exif !== undefined) return found;
  const profile = await lastText(profiles, isText);
  return { ...found, exif: profile && bytesOfProfile(profile) };
}

/** Damaged texts that are looked at most. */
const MOST_DAMAGED = 16;

/** The text of the last chunk that has one. */
async function lastText(
  chunks: readonly Chunk[],
  accepts = (_text: Uint8Array, _chunk: Chunk) => true,
): Promise<Uint8Array | undefined> {
  for (const chunk of chunks.slice(-MOST_DAMAGED).reverse()) {
    const text = await textOfChunk(chunk);
    if (text !== undefined && accepts(text, chunk)) return text;
  }
  return undefined;
}

/** An iTXt whose language, translated keyword or text is not UTF-8 is not taken for a text. */
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

/** The text of a chunk, behind its keyword, flags, language and translated keyword. Of a damaged zTXt it is empty, and a damaged iTXt has none. */
async function textOfChunk({ name, content }: Chunk): Promise<Uint8Array | undefined> {
  const behind = content.indexOf(0) + 1;
  if (name === 'tEXt') return content.subarray(behind);
  if (name === 'zTXt') return (await inflated(content.subarray(behind + 1))) ?? new Uint8Array();
  if (name !== 'iTXt') return undefined;
  const language = content.indexOf(0, behind + 2);
  const keyword = language < 0 ? -1 : content.indexOf(0, language + 1);
  if (keyword < 0) return undefined;
  const text = content.subarray(keyword + 1);
  if (content[behind] === 0) return text;
  // The only method is 0, deflate.
  return content[behind + 1] === 0 ? inflated(text) : undefined;
}

/** Hexadecimal digits in lines, behind three: an empty one, the kind and the length. */
function bytesOfProfile(text: Uint8Array): Uint8Array {
  const digits = latin1(text).split('\n').slice(3).join('').replace(/\s/g, '');
  const pairs = /^(?:[\da-f]{2})*/i.exec(digits)?.[0].match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

const WEBP_DESCRIPTIONS = new Set(['EXIF', 'XMP ', 'ICCP']);

function* piecesOfWebp(bytes: Uint8Array): Generator<Piece & Chunk> {
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = viewOf(bytes).getUint32(at + 4, true);
    const end = Math.min(at + 8 + length + (length % 2), bytes.length);
    const name = textOf(bytes, at, at + 4);
    const content = bytes.subarray(at + 8, at + 8 + length);
    yield { at, end, describes: WEBP_DESCRIPTIONS.has(name), name, content };
    at = end;
  }
}

const VP8X_FLAGS = 20;
const WEBP_PROFILE = 0x20;
const WEBP_EXIF = 0x08;
const WEBP_XMP = 0x04;

/** Only what the first chunk, VP8X, says is there. */
function ofWebp(bytes: Uint8Array): Metadata {
  const found: Metadata = {};
  if (textOf(bytes, 12, 16) !== 'VP8X') return found;
  const flags = bytes[VP8X_FLAGS] ?? 0;
  const end = 8 + viewOf(bytes).getUint32(4, true);
  for (const { at, name, content } of piecesOfWebp(bytes)) {
    if (at + 8 > end) break;
    if (name === 'EXIF' && flags & WEBP_EXIF) found.exif ??= content;
    if (name === 'XMP ' && flags & WEBP_XMP) found.xmp ??= content;
  }
  return found;
}

type Readers = [(bytes: Uint8Array) => Iterable<Piece>, (bytes: Uint8Array) => Metadata | Promise<Metadata>];
const READERS: Readonly<Record<string, Readers> & { 'image/webp': Readers }> = {
  'image/jpeg': [piecesOfJpeg, ofJpeg],
  'image/png': [piecesOfPng, ofPng],
  'image/webp': [piecesOfWebp, ofWebp],
};

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function cut(bytes: Uint8Array<ArrayBuffer>, descriptions: readonly Piece[]): Uint8Array<ArrayBuffer> {
  const kept: Uint8Array[] = [];
  let from = 0;
  for (const { at, end } of descriptions) {
    kept.push(bytes.subarray(from, at));
    from = end;
  }
  return from === 0 ? bytes : joined([...kept, bytes.subarray(from)]);
}

/** The header of a WebP has its length; chunks of unknown names, which decoders pass over, may stay. */
function disguised(bytes: Uint8Array<ArrayBuffer>, descriptions: readonly Piece[]): Uint8Array<ArrayBuffer> {
  const out = bytes.slice();
  for (const { at } of descriptions) out.fill(0x7a, at, at + 4);
  if (textOf(out, 12, 16) === 'VP8X') {
    out[VP8X_FLAGS] = (out[VP8X_FLAGS] ?? 0) & ~(WEBP_PROFILE | WEBP_EXIF | WEBP_XMP);
  }
  return out;
}

/** The third byte of a BigTIFF by which Pillow knows it. */
const BIG_TIFF = 43;

/** The orientation in the first directory of EXIF data, which are a TIFF. */
function tagOf(exif: Uint8Array | undefined): number | undefined {
  if (exif === undefined) return undefined;
  const prefix = /^(?:Exif\0\0){0,2}/.exec(textOf(exif, 0, 12))?.[0].length ?? 0;
  if (exif.length === prefix) return undefined;
  const tiff = asBuffer(exif.subarray(prefix));
  // At another header, or one of a BigTIFF, Pillow gives up: what else the file says does not count.
  if (!isTiff(tiff) || tiff[2] === BIG_TIFF) return 1;
  try {
    return readDirectory(tiff).orientation;
  } catch {
    return undefined;
  }
}

function attributeOf(xmp: Uint8Array | undefined): number {
  if (xmp === undefined) return NaN;
  return Number(/tiff:Orientation(?:="|>)([0-9])/.exec(latin1(xmp))?.[1] ?? NaN);
}
