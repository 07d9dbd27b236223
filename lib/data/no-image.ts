/** What files with names of images often are instead, in words for a sentence. */
const OTHERS = {
  HEIC: (bytes) => begins(bytes, 'ftyp', 4) && /^(hei[cmsx]|hev[cmsx]|mif1|msf1)/.test(text(bytes, 8)),
  AVIF: (bytes) => begins(bytes, 'ftyp', 4) && begins(bytes, 'avi', 8),
  'JPEG 2000': (bytes) => begins(bytes, '\0\0\0\fjP  ') || begins(bytes, '\xff\x4f\xff\x51'),
  'JPEG XL': (bytes) => begins(bytes, '\0\0\0\fJXL ') || begins(bytes, '\xff\x0a'),
  TGA: (bytes) => begins(bytes, 'TRUEVISION-XFILE.', bytes.length - 18) || looksLikeTga(bytes),
  'an SVG drawing': (bytes) =>
    /^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg\b/i.test(text(bytes)),
  'a web page': (bytes) => /^\s*(<!--[^]*?-->\s*)?<(!doctype\s+html|html|head|body)\b/i.test(text(bytes)),
  'a Git LFS pointer, not the image itself (git lfs pull fetches it)': (bytes) =>
    begins(bytes, 'version https://git-lfs'),
  'what macOS keeps beside a file, not the image itself': (bytes) =>
    bytes.length > 4 && bytes.readUInt32BE(0) === 0x00051607,
  'a PDF': (bytes) => begins(bytes, '%PDF'),
  'a zip archive': (bytes) => begins(bytes, 'PK\x03\x04'),
} satisfies Record<string, (bytes: Buffer) => boolean>;

const ZEROS = 'nothing but zeros';

/** What a file may be that has the name of an image and is none. */
export type Instead = keyof typeof OTHERS | typeof ZEROS;

/** What a file is that is no image that we read; undefined where that is not known. */
export function insteadOf(bytes: Buffer): Instead | undefined {
  if (onlyZeros(bytes)) return ZEROS;
  return (Object.keys(OTHERS) as (keyof typeof OTHERS)[]).find((name) => OTHERS[name](bytes));
}

/** What can be converted: pictures, though not of a kind that is read. */
const PICTURES: ReadonlySet<string> = new Set<Instead>([
  'HEIC',
  'AVIF',
  'JPEG 2000',
  'JPEG XL',
  'TGA',
  'an SVG drawing',
]);

/** That a file is no image that is read, as goes on its name and a colon: `a zip archive, not an image`. */
export function whyNoImage(instead: Instead): string {
  if (instead === 'an SVG drawing') return 'SVG is not supported; convert it to JPEG or PNG';
  if (PICTURES.has(instead)) return `${instead} is not supported; convert it to JPEG or PNG`;
  return instead.includes(', not the image') ? instead : `${instead}, not an image`;
}

/** Whether a file has content, and that says nothing. */
export const onlyZeros = (bytes: Buffer): boolean =>
  // Held against itself, one byte on: gigabytes of zeros take no time to speak of.
  bytes[0] === 0 && bytes.subarray(1).equals(bytes.subarray(0, -1));

/** A TGA file without its later signature: a header whose fields have the values that there are, and sensible sizes. */
function looksLikeTga(bytes: Buffer): boolean {
  if (bytes.length < 18) return false;
  const [mapped, kind, depth] = [bytes[1] ?? 0, bytes[2] ?? 0, bytes[16] ?? 0];
  const sized = bytes.readUInt16LE(12) > 0 && bytes.readUInt16LE(14) > 0;
  return mapped <= 1 && [1, 2, 3, 9, 10, 11].includes(kind) && [8, 15, 16, 24, 32].includes(depth) && sized;
}

function begins(bytes: Buffer, word: string, at = 0): boolean {
  return bytes.toString('latin1', at, at + word.length) === word;
}

const text = (bytes: Buffer, at = 0): string => bytes.toString('latin1', at, at + 512);
