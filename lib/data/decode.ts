import { readFile } from 'node:fs/promises';
import { Semaphore } from 'async-mutex';
import sharp, { type Sharp } from 'sharp';
import type { RgbImage } from '../backend/types';
import { ResnetFtError } from '../errors';
import { decodeBmp, isBmp } from './bmp';
import { jpegComponents } from './jpeg';
import { decodePnm, isPnm } from './pnm';
import { noSuch } from './reason';

// Every image is decoded once, and many at the same time: a cache costs memory, and threads within an image only contend.
sharp.cache(false);
sharp.concurrency(1);

/** What sharp must be told to decode as Pillow does: no colour profile, and an error where data are missing. */
const OPTIONS = { ignoreIcc: true, failOn: 'truncated' } as const;

/** Images that may be decoded at once; not many more than there are processors, for the semaphore counts through them. */
const ALONE = 256;
const decoding = new Semaphore(ALONE);

/** Formats that Pillow does not take for pictures; sharp would draw them. */
const DRAWINGS = new Set(['svg', 'pdf']);

/**
 * Decodes an image to the bytes that Pillow's `Image.open(...).convert('RGB')` gives: the content decides on the format,
 * not the name; EXIF rotation is not applied, alpha is dropped.
 *
 * @param input path of a file, or its content
 * @param name for the error; that of the file where left out
 * @throws ResnetFtError `IMAGE_UNREADABLE`, with the file and the cause in one line
 */
export async function decodeImage(input: string | Uint8Array, name = nameOf(input)): Promise<RgbImage> {
  try {
    const bytes = typeof input === 'string' ? await readFile(input) : asBuffer(input);
    if (bytes.length === 0) throw new Error('the file is empty');
    if (isBmp(bytes)) return decodeBmp(bytes);
    if (isPnm(bytes)) return decodePnm(bytes);
    return await explained(() => decodeWithSharp(bytes));
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

/**
 * The content of an image's file.
 *
 * @throws ResnetFtError `IMAGE_UNREADABLE`
 */
export async function readImage(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/** Which decoder this is, for what was made with it to be told from what another would make. */
export const DECODER = `sharp ${sharp.versions.sharp ?? ''} vips ${sharp.versions.vips}`;

/**
 * libvips has one place for the errors of all threads: an image that fails beside others may find its own error gone, or
 * another's. It is decoded once more while nothing else is.
 */
async function explained(decode: () => Promise<RgbImage>): Promise<RgbImage> {
  try {
    return await decoding.runExclusive(decode);
  } catch {
    return decoding.runExclusive(decode, ALONE);
  }
}

function unreadable(name: string, cause: unknown): ResnetFtError {
  return new ResnetFtError('IMAGE_UNREADABLE', `${name}: ${reasonOf(cause, name)}`, { cause });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function nameOf(input: string | Uint8Array): string {
  return typeof input === 'string' ? input : '(image in memory)';
}

function reasonOf(cause: unknown, name: string): string {
  const error = cause as NodeJS.ErrnoException;
  if (error.code === 'ENOENT') return noSuch('file', name);
  if (error.code === 'EISDIR') return 'is a folder, not an image';
  if (error.code === 'EACCES') return 'permission denied';
  if (/unsupported image format/.test(error.message)) return 'not an image of a supported format';
  const lines = error.message.split('\n').map((line) => line.trim());
  return [...new Set(lines.filter((line) => line !== ''))].join('; ');
}

async function decodeWithSharp(bytes: Buffer): Promise<RgbImage> {
  // sharp's look at the header is a twentieth of the time of a photograph, and only tells of rare kinds.
  const components = jpegComponents(bytes);
  if (components === 1 || components === 3) return decodePlain(bytes, false);
  const { format, space, channels } = await sharp(bytes, OPTIONS).metadata();
  // Pillow turns a TIFF as its tag of orientation says, and nothing else.
  const orient = format === 'tiff';
  if (DRAWINGS.has(format)) throw new Error(`${format} is not supported`);
  if (space === 'cmyk') return cmykToRgb(bytes, orient);
  if (space === 'grey16' && channels === 1) return gray16ToRgb(bytes, orient);
  return decodePlain(bytes, orient);
}

async function decodePlain(bytes: Buffer, orient: boolean): Promise<RgbImage> {
  const { data, info } = await open(bytes, orient)
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return toRgb(data, info);
}

function open(bytes: Buffer, orient: boolean): Sharp {
  const image = sharp(bytes, OPTIONS);
  return orient ? image.autoOrient() : image;
}

function toRgb(data: Buffer, info: { width: number; height: number; channels: number }): RgbImage {
  const { width, height, channels } = info;
  if (channels === 3) return { width, height, data };
  if (channels !== 1) throw new Error(`${channels} channels are not supported`);
  const out = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) out.fill(data[i] ?? 0, i * 3, i * 3 + 3);
  return { width, height, data: out };
}

/** Pillow's conversion, which knows no colour profiles. libvips would go through one. */
async function cmykToRgb(bytes: Buffer, orient: boolean): Promise<RgbImage> {
  const { data, info } = await open(bytes, orient)
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels < 4) throw new Error(`CMYK with ${channels} channels is not supported`);
  const out = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const white = 255 - (data[i * channels + 3] ?? 0);
    for (let c = 0; c < 3; c++) {
      // Pillow's MULDIV255: a division by 255 that rounds.
      const product = (data[i * channels + c] ?? 0) * white + 128;
      out[i * 3 + c] = Math.min(255, Math.max(0, white - (((product >> 8) + product) >> 8)));
    }
  }
  return { width, height, data: out };
}

/** Pillow clips gray of 16 bits at 255 where libvips would shift it. */
async function gray16ToRgb(bytes: Buffer, orient: boolean): Promise<RgbImage> {
  const { data, info } = await open(bytes, orient)
    .pipelineColourspace('grey16')
    .toColourspace('grey16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const out = new Uint8Array(width * height * 3);
  const values = new Uint16Array(data.buffer, data.byteOffset, data.byteLength >> 1);
  for (let i = 0; i < width * height; i++) out.fill(Math.min(255, values[i * channels] ?? 0), i * 3, i * 3 + 3);
  return { width, height, data: out };
}
