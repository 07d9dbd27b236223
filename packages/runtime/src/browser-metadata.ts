// Browsers turn images by their EXIF data whatever they are told, and some heed colour profiles. They get images without either; where a model
// wants them turned, that is done here, as lib/data/decoders/orientation.ts finds it.

/** An image without what describes it, and what that said. */
export interface Bare {
  bytes: Uint8Array<ArrayBuffer>;
  /** The EXIF orientation, 1 to 8; 1, upright, where nothing says so. */
  orientation: number;
}

type Kind = 'exif' | 'xmp' | 'other' | 'kept';

/** A piece of a file: what it is, where it begins and ends, and where its content does. */
interface Piece {
  kind: Kind;
  at: number;
  end: number;
  content: [number, number];
}

const textOf = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, Math.min(to, bytes.length)));

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** Takes descriptions out of a JPEG, PNG or WebP. A file that is damaged is left as it is from there on. */
export function bare(bytes: Uint8Array<ArrayBuffer>, type: string): Bare {
  const pieces = [...(type === 'image/jpeg' ? ofJpeg(bytes) : type === 'image/png' ? ofPng(bytes) : ofWebp(bytes))];
  const contents = (kind: Kind): Uint8Array =>
    joined(pieces.filter((piece) => piece.kind === kind).map(({ content }) => bytes.subarray(...content)));
  const orientation = tagOf(contents('exif')) ?? attributeOf(contents('xmp'));
  const left = type === 'image/webp' ? disguised(bytes, pieces) : cut(bytes, pieces);
  return { bytes: left, orientation: orientation >= 1 && orientation <= 8 ? orientation : 1 };
}

const EXIF = 'Exif\0\0';
const XMP = 'http://ns.adobe.com/xap/1.0/\0';

/** The segments before the first scan. JFIF's (APP0) and Adobe's (APP14) describe the colours, and stay. */
function* ofJpeg(bytes: Uint8Array): Generator<Piece> {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] as number;
    if (marker === 0xff) {
      at++; // fill bytes may stand before a marker
      continue;
    }
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xda)) return;
    const end = Math.min(at + 2 + viewOf(bytes).getUint16(at + 2), bytes.length);
    const begins = (id: string): boolean => textOf(bytes, at + 4, at + 4 + id.length) === id;
    const described = (marker >= 0xe1 && marker <= 0xef && marker !== 0xee) || marker === 0xfe;
    const named = marker !== 0xe1 ? 'other' : begins(EXIF) ? 'exif' : begins(XMP) ? 'xmp' : 'other';
    const id = named === 'exif' ? EXIF.length : named === 'xmp' ? XMP.length : 0;
    yield { kind: described ? named : 'kept', at, end, content: [at + 4 + id, end] };
    at = end;
  }
}

const PNG_XMP = 'XML:com.adobe.xmp\0';
/** Chunks that say what colours mean, or what the picture is of. */
const PNG_OTHER = new Set(['iCCP', 'gAMA', 'cHRM', 'sRGB', 'cICP', 'iTXt', 'tEXt', 'zTXt']);

function* ofPng(bytes: Uint8Array): Generator<Piece> {
  for (let at = 8; at + 8 <= bytes.length;) {
    const end = at + 12 + viewOf(bytes).getUint32(at);
    if (end > bytes.length) return;
    const name = textOf(bytes, at + 4, at + 8);
    const xmp = name === 'iTXt' && textOf(bytes, at + 8, at + 8 + PNG_XMP.length) === PNG_XMP;
    const kind = name === 'eXIf' ? 'exif' : xmp ? 'xmp' : PNG_OTHER.has(name) ? 'other' : 'kept';
    yield { kind, at, end, content: [at + 8, end - 4] };
    at = end;
  }
}

const WEBP_KINDS: Readonly<Record<string, Kind>> = { EXIF: 'exif', 'XMP ': 'xmp', ICCP: 'other' };

function* ofWebp(bytes: Uint8Array): Generator<Piece> {
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = viewOf(bytes).getUint32(at + 4, true);
    const end = Math.min(at + 8 + length + (length % 2), bytes.length);
    const kind = WEBP_KINDS[textOf(bytes, at, at + 4)] ?? 'kept';
    yield { kind, at, end, content: [at + 8, at + 8 + length] };
    at = end;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function cut(bytes: Uint8Array<ArrayBuffer>, pieces: readonly Piece[]): Uint8Array<ArrayBuffer> {
  const kept: Uint8Array[] = [];
  let from = 0;
  for (const { kind, at, end } of pieces) {
    if (kind === 'kept') continue;
    kept.push(bytes.subarray(from, at));
    from = end;
  }
  return from === 0 ? bytes : joined([...kept, bytes.subarray(from)]);
}

const VP8X_FLAGS = 20;
/** Profile, EXIF and XMP. */
const DESCRIBED = 0x20 | 0x08 | 0x04;

/** The header of a WebP has its length; chunks of unknown names, which decoders pass over, may stay. */
function disguised(bytes: Uint8Array<ArrayBuffer>, pieces: readonly Piece[]): Uint8Array<ArrayBuffer> {
  const out = bytes.slice();
  for (const { kind, at } of pieces) if (kind !== 'kept') out.fill(0x7a, at, at + 4);
  if (textOf(out, 12, 16) === 'VP8X') out[VP8X_FLAGS] = (out[VP8X_FLAGS] ?? 0) & ~DESCRIBED;
  return out;
}

const ORIENTATION = 0x0112;
const SHORT = 3;

/** The orientation in the first directory of EXIF data, which are a TIFF. */
function tagOf(exif: Uint8Array): number | undefined {
  const tiff = textOf(exif, 0, EXIF.length) === EXIF ? exif.subarray(EXIF.length) : exif;
  const view = viewOf(tiff);
  const little = textOf(tiff, 0, 4) === 'II*\0';
  if (!little && textOf(tiff, 0, 4) !== 'MM\0*') return undefined;
  try {
    const start = view.getUint32(4, little);
    const count = view.getUint16(start, little);
    for (let at = start + 2; at < start + 2 + count * 12; at += 12) {
      if (view.getUint16(at, little) !== ORIENTATION) continue;
      return view.getUint16(at + 2, little) === SHORT ? view.getUint16(at + 8, little) : undefined;
    }
  } catch {
    // cut off
  }
  return undefined;
}

function attributeOf(xmp: Uint8Array): number {
  const text = new TextDecoder('latin1').decode(xmp);
  return Number(/tiff:Orientation(?:="|>)([0-9])/.exec(text)?.[1] ?? NaN);
}
