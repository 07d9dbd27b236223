import sharp from 'sharp';
import type { RgbImage } from '../backend/types';
import { ResnetFtError } from '../errors';
import { withRoomFor } from './decode-budget';
import { decodeElsewhere } from './decoders/elsewhere';
import { orientationOf } from './decoders/orientation';
import { planOf, type Plan, type Strictness } from './decoders/plan';
import { Refusal } from './decoders/refusal';
import { upright } from './decoders/upright';
import { hintOfPasted, shortened } from './pasted';
import { noSuch } from './reason';
import { readRegularFile } from '../files/regular-file';
import { codeOf, isMissing, reasonOf } from '../files/reason';

// Every image is decoded once, and many at the same time: a cache costs memory, and threads within an image only contend.
sharp.cache(false);
sharp.concurrency(1);

/** Pixels up to which JavaScript takes milliseconds: no longer than handing them to another thread. */
const SMALL = 256 * 256;

/** The EXIF orientation of an image that is as it should be. */
const UPRIGHT = 1;

/**
 * Decodes an image to the bytes that Pillow's `Image.open(...).convert('RGB')` gives: the content decides on the format,
 * not the name; EXIF rotation is applied only where asked for, alpha is dropped.
 *
 * @param input path of a file, or its content
 * @param name for the error; that of the file where left out
 * @param exifRotate whether the image is turned as its EXIF orientation says: {@link orientationOf}
 * @param failOn `warning` to have those refused too that are decoded with warnings
 * @throws ResnetFtError `IMAGE_UNREADABLE`, with the file and the cause in one line; `NATIVE_ERROR` where there is no thread to decode it with
 */
export async function decodeImage(
  input: string | Uint8Array,
  name = nameOf(input),
  exifRotate = false,
  failOn: Strictness = 'truncated',
): Promise<RgbImage> {
  try {
    const bytes = typeof input === 'string' ? await readRegularFile(input) : asBuffer(input);
    if (bytes.length === 0) throw new Refusal('the file is empty');
    return await explained(bytes, exifRotate ? orientationOf(bytes) : UPRIGHT, failOn);
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
    return await readRegularFile(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/** Identifies the decoder, so that what it made can be told apart from what another would make. */
export const DECODER = `6 sharp ${sharp.versions.sharp ?? ''} vips ${sharp.versions.vips}`;

/**
 * libvips has one place for the errors of all threads: an image that fails beside others may find its own error gone, or
 * another's. It is decoded once more while nothing else is.
 */
async function explained(bytes: Buffer, orientation: number, failOn: Strictness): Promise<RgbImage> {
  try {
    const plan = await planOf(bytes, failOn);
    // Of an image that is turned there are two while that happens.
    const bytesPerPixel = Math.max(plan.bytesPerPixel, orientation === UPRIGHT ? 3 : 6);
    const room = plan.width * plan.height * bytesPerPixel + (elsewhere(plan) ? bytes.length : 0);
    return await withRoomFor(room, () => run(plan, bytes, orientation, failOn));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    return withRoomFor(Infinity, async () => run(await planOf(bytes, failOn), bytes, orientation, failOn));
  }
}

async function run(plan: Plan, bytes: Buffer, orientation: number, failOn: Strictness): Promise<RgbImage> {
  const image = await (elsewhere(plan) ? decodeElsewhere(bytes, failOn) : plan.decode());
  return orientation === UPRIGHT ? image : upright(image, orientation);
}

function elsewhere({ inScript, width, height }: Plan): boolean {
  return inScript && width * height > SMALL;
}

/** What libvips says where its thread can't be had: the image is as good as before. */
const NO_THREAD = /Error creating thread/;

function unreadable(name: string, cause: unknown): ResnetFtError {
  if (cause instanceof Error && NO_THREAD.test(cause.message)) {
    const hint = 'The system, or the container, allows too few';
    return new ResnetFtError('NATIVE_ERROR', 'no thread can be started', { hint, cause });
  }
  const hint = isMissing(cause) || codeOf(cause) === 'ENAMETOOLONG' ? hintOfInput(name) : undefined;
  const message = `${shortened(name)}: ${whyNot(cause, name)}`;
  return new ResnetFtError('IMAGE_UNREADABLE', message, hint === undefined ? { cause } : { hint, cause });
}

/** What to do about the name of an image that is none of a file. */
function hintOfInput(name: string): string | undefined {
  const bytes = 'the bytes of the image in a Buffer or Uint8Array';
  if (/^(file|data):/i.test(name)) return `Give a path, or ${bytes}, not a URL`;
  return hintOfPasted(name, `give its path, or ${bytes}`);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function nameOf(input: string | Uint8Array): string {
  return typeof input === 'string' ? input : '(image in memory)';
}

function whyNot(cause: unknown, name: string): string {
  const error = cause as NodeJS.ErrnoException;
  if (error.code === 'ENOENT') return noSuch('file', name);
  // Node.js has words of its own for it, of arguments.
  if (error.code === 'ERR_INVALID_ARG_VALUE' && name.includes('\0')) return 'no file has a NUL character in its name';
  if (error.code === 'EACCES') return 'permission denied';
  // The system's own words have the name again.
  if (error.code === 'ENAMETOOLONG') return 'the name is too long for a file (ENAMETOOLONG)';
  if (/unsupported image format/.test(error.message)) return 'not an image of a supported format';
  const lines = reasonOf(error)
    .split('\n')
    .map((line) => line.trim());
  return inPlainWords([...new Set(lines.filter((line) => line !== ''))].join('; '));
}

/** What the libraries of sharp say of a file that ends too early, which libpng does not tell from one that is damaged. */
const CUT_OFF: readonly (readonly [RegExp, string])[] = [
  [/VipsJpeg: premature end/i, 'the file is cut off'],
  [/libpng read error/, 'the file is cut off or damaged'],
  [/^Input buffer has corrupt header:?$/, 'the header is damaged'],
  // Of interlaced PNGs it says nothing at all.
  [/^Unknown error$/, 'the file is cut off or damaged'],
];

function inPlainWords(reason: string): string {
  const words = CUT_OFF.find(([jargon]) => jargon.test(reason))?.[1];
  return words === undefined ? reason : `${words} (${reason.replace(/:$/, '')})`;
}
