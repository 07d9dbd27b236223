import sharp, { type Sharp, type SharpOptions } from 'sharp';
import type { RgbImage } from '../../backend/types';
import { checkSize, MAX_PIXELS } from '../limits';
import { insteadOf, whyNoImage } from '../no-image';
import { decodeBmp, isBmp, readBmpHeader } from './bmp';
import { cmykToRgb } from './cmyk';
import { decodeGif, isGif, readGifFrame } from './gif';
import { checkScans, isJpeg, jpegHeader, withoutMetadata } from './jpeg';
import { checkPng, ended, isPng } from './png';
import { decodePnm, isPnm, readPnmHeader } from './pnm';
import { planTiff } from './tiff/plan';
import { isTiff } from './tiff/ifd';
import { Refusal } from './refusal';
import { isWebp } from './webp';

/** How an image will be decoded, found out from its header. */
export interface Plan {
  width: number;
  height: number;
  /** Bytes for each pixel while it is decoded, those of the result among them. */
  bytesPerPixel: number;
  /** Whether JavaScript goes over the pixels, which must not happen on the main thread if there are many. */
  inScript: boolean;
  decode(): RgbImage | Promise<RgbImage>;
}

/** What sharp must be told to decode as Pillow does: no colour profile, an error where data are missing, and our own limit. */
const OPTIONS = { ignoreIcc: true, failOn: 'truncated', limitInputPixels: false } as const;

/** At which of libvips' complaints an image is refused: only those at which Pillow does, or at any. */
export type Strictness = 'truncated' | 'warning';

/**
 * Finds out how an image is to be decoded to the bytes that Pillow's `convert('RGB')` gives; the content decides, not the name.
 *
 * @param failOn `warning` to have those refused too that are decoded with warnings
 * @throws Error with the reason where Pillow would not read it, or this package can't
 */
export async function planOf(bytes: Buffer, failOn: Strictness = 'truncated'): Promise<Plan> {
  const plan = await planFormat(bytes, { failOn });
  checkSize(plan.width, plan.height);
  return plan;
}

async function planFormat(bytes: Buffer, strict: SharpOptions): Promise<Plan> {
  const jpeg = jpegHeader(bytes);
  // sharp's look at the header is a twentieth of the time of a photograph, and only needed for rare kinds.
  if (jpeg !== undefined && jpeg.components <= 3) {
    const { width, height } = jpeg;
    if (jpeg.progressive) checkScans(bytes);
    return {
      width,
      height,
      bytesPerPixel: jpeg.progressive ? 9 : 3,
      inScript: false,
      decode: () => decodeJpeg(bytes, (from) => decodePlain(from, strict)),
    };
  }
  if (isBmp(bytes)) {
    const { width, height } = readBmpHeader(bytes);
    return { width, height, bytesPerPixel: 3, inScript: true, decode: () => decodeBmp(bytes) };
  }
  if (isPnm(bytes)) {
    const { width, height } = readPnmHeader(bytes);
    return { width, height, bytesPerPixel: 3, inScript: true, decode: () => decodePnm(bytes) };
  }
  if (isTiff(bytes)) return planTiff(bytes, { cmyk: decodeCmyk, plain: decodePlain });
  if (isPng(bytes)) {
    const header = checkPng(bytes);
    const { width, height, bits } = header;
    const inScript = header.gray && bits === 16;
    const file = ended(bytes, header);
    const bytesPerPixel = (bits === 16 ? 11 : 7) + (header.interlaced ? 4 : 0);
    return {
      width,
      height,
      bytesPerPixel,
      inScript,
      decode: () => (inScript ? decodeGray16(file, strict) : decodePlain(file, strict)),
    };
  }
  if (isGif(bytes)) {
    const { width, height } = readGifFrame(bytes);
    return { width, height, bytesPerPixel: 4, inScript: true, decode: () => decodeGif(bytes) };
  }
  // Nothing else is handed to sharp, which would open drawings and films too: an SVG of 200 bytes can keep it busy for hours.
  if (!isJpeg(bytes) && !isWebp(bytes)) {
    const instead = insteadOf(bytes);
    throw new Refusal(instead === undefined ? 'not an image of a supported format' : whyNoImage(instead));
  }
  if (isJpeg(bytes)) checkScans(bytes);
  const { space, width, height } = await sharp(bytes, OPTIONS).metadata();
  const cmyk = space === 'cmyk';
  const strictly: Decoder = (from) => (isJpeg(bytes) && cmyk ? decodeCmyk : decodePlain)(from, strict);
  const decode = () => (isJpeg(bytes) ? decodeJpeg(bytes, strictly) : strictly(bytes));
  return { width, height, bytesPerPixel: cmyk ? 11 : 7, inScript: cmyk, decode };
}

type Decoder = (bytes: Buffer, options?: SharpOptions) => Promise<RgbImage>;

/** libvips refuses a JPEG whose EXIF data it can't read; Pillow passes over them. Whatever failed is tried without. */
async function decodeJpeg(bytes: Buffer, decode: Decoder): Promise<RgbImage> {
  try {
    return await decode(bytes);
  } catch (error) {
    const bare = withoutMetadata(bytes);
    if (bare.length === bytes.length) throw error;
    return decode(bare).catch(() => {
      throw error;
    });
  }
}

const decodePlain: Decoder = async (bytes, options) => {
  const { data, info } = await open(bytes, options)
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels === 3) return { width, height, data };
  if (channels !== 1) throw new Refusal(`${channels} channels are not supported`);
  const out = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) out.fill(data[i] ?? 0, i * 3, i * 3 + 3);
  return { width, height, data: out };
};

/** Pillow's conversion, which knows no colour profiles. libvips would go through one. */
const decodeCmyk: Decoder = async (bytes, options) => {
  const { data, info } = await open(bytes, options)
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels < 4) throw new Refusal(`CMYK with ${channels} channels is not supported`);
  const out = new Uint8Array(width * height * 3);
  for (let i = 0, from = 0; i < out.length; i += 3, from += channels) {
    cmykToRgb(
      out,
      i,
      data[from] as number,
      data[from + 1] as number,
      data[from + 2] as number,
      data[from + 3] as number,
    );
  }
  return { width, height, data: out };
};

/** Pillow clips gray of 16 bits at 255 where libvips would shift it. */
async function decodeGray16(bytes: Buffer, options?: SharpOptions): Promise<RgbImage> {
  const { data, info } = await open(bytes, options)
    .pipelineColourspace('grey16')
    .toColourspace('grey16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const values = new Uint16Array(data.buffer, data.byteOffset, data.byteLength >> 1);
  const out = new Uint8Array(width * height * 3);
  for (let i = 0, from = 0; i < out.length; i += 3, from += channels) {
    out[i] = out[i + 1] = out[i + 2] = Math.min(255, values[from] as number);
  }
  return { width, height, data: out };
}

function open(bytes: Buffer, options?: SharpOptions): Sharp {
  // The plan has been checked; should libvips see another size in the file than we do, it is bounded all the same.
  return sharp(bytes, { ...OPTIONS, limitInputPixels: MAX_PIXELS, ...options });
}
