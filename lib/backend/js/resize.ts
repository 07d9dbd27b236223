import type { CropOptions, RgbImage } from '../types';
import { nextTurn } from './turn';

// Pillow's bilinear resize and torchvision's Resize and CenterCrop, bit for bit (Pillow, src/libImaging/Resample.c): the same steps in
// the same order as native/core/resize.cpp.

/** 8-bit results of fixed point sums with this many fractional bits. */
const PRECISION_BITS = 32 - 8 - 2;
const HALF = 1 << (PRECISION_BITS - 1);

/** Multiplications after which the event loop gets a turn: about 50 ms. */
const WORK_AT_ONCE = 20_000_000;

/** For each output pixel, the input pixels that it is made of, and their weights. */
interface Coefficients {
  /** Weights kept per output pixel. */
  window: number;
  first: Int32Array;
  count: Int32Array;
  /** output x window */
  weight: Int32Array;
}

/** The part of a side that a centred crop keeps. */
interface Span {
  offset: number;
  length: number;
}

/**
 * Resizes and crops an image: the very bytes of torchvision on Pillow. Long work gives the event loop turns.
 *
 * @throws Error where the image has no pixels or not height x width x 3 bytes
 */
export async function resizeAndCrop(image: RgbImage, { resize, crop }: CropOptions): Promise<RgbImage> {
  const target = resize > 0 ? resizedSize(image, resize) : image;
  const columns = centre(target.width, crop);
  const rows = centre(target.height, crop);
  const horizontal = target.width !== image.width;
  const vertical = target.height !== image.height;

  // Only the input rows that the kept output rows are made of go through the horizontal pass.
  const down = vertical ? coefficients(image.height, target.height) : undefined;
  const span = down === undefined ? rows : inputSpan(down, rows);
  const lines = horizontal
    ? await resizeRows(image, coefficients(image.width, target.width), columns, span)
    : cut(image, columns, span);
  const data = down === undefined ? lines : resizeColumns(lines, down, rows, span.offset, columns.length * 3);
  return pad({ width: columns.length, height: rows.length, data }, crop);
}

/** The short side becomes `resize`, the long one `int(resize * long / short)`. */
function resizedSize({ width, height }: RgbImage, resize: number): { width: number; height: number } {
  return width <= height
    ? { width: resize, height: Math.trunc((resize * height) / width) }
    : { width: Math.trunc((resize * width) / height), height: resize };
}

function centre(size: number, crop: number): Span {
  return crop <= 0 || crop >= size ? { offset: 0, length: size } : { offset: halfToEven(size - crop), length: crop };
}

/** Half of a whole number, rounded as Python's round does. */
function halfToEven(twice: number): number {
  const down = twice >> 1;
  return down + (twice & 1 & down);
}

function coefficients(inSize: number, outSize: number): Coefficients {
  const scale = inSize / outSize;
  const support = Math.max(scale, 1);
  const inverse = 1 / support;
  const window = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outSize);
  const count = new Int32Array(outSize);
  const weight = new Int32Array(outSize * window);
  const k = new Float64Array(window);
  for (let x = 0; x < outSize; x++) {
    const center = (x + 0.5) * scale;
    const begin = Math.max(Math.trunc(center - support + 0.5), 0);
    const length = Math.min(Math.trunc(center + support + 0.5), inSize) - begin;
    let total = 0;
    for (let i = 0; i < length; i++) total += k[i] = triangle((i + begin - center + 0.5) * inverse);
    for (let i = 0; i < length; i++) {
      const one = k[i] as number;
      weight[x * window + i] = Math.trunc(0.5 + (total !== 0 ? one / total : one) * (1 << PRECISION_BITS));
    }
    first[x] = begin;
    count[x] = length;
  }
  return { window, first, count, weight };
}

function triangle(x: number): number {
  const distance = Math.abs(x);
  return distance < 1 ? 1 - distance : 0;
}

/** The input rows of the output rows `keep`. */
function inputSpan({ first, count }: Coefficients, keep: Span): Span {
  const last = keep.offset + keep.length - 1;
  const offset = first[keep.offset] as number;
  return { offset, length: (first[last] as number) + (count[last] as number) - offset };
}

function clip8(sum: number): number {
  const value = sum >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** Columns `keep` of the horizontally resized rows `rows`. */
async function resizeRows(image: RgbImage, c: Coefficients, keep: Span, rows: Span): Promise<Uint8Array> {
  const out = new Uint8Array(rows.length * keep.length * 3);
  const linesAtOnce = Math.max(1, Math.floor(WORK_AT_ONCE / (keep.length * 3 * c.window)));
  for (let y = 0; y < rows.length; y++) {
    if (y > 0 && y % linesAtOnce === 0) await nextTurn();
    resizeLine(image, (rows.offset + y) * image.width * 3, c, keep, out, y * keep.length * 3);
  }
  return out;
}

function resizeLine(image: RgbImage, line: number, c: Coefficients, keep: Span, out: Uint8Array, to: number): void {
  const { data } = image;
  const { window, first, count, weight } = c;
  let at = to;
  for (let x = keep.offset; x < keep.offset + keep.length; x++) {
    let r = HALF;
    let g = HALF;
    let b = HALF;
    let pixel = line + (first[x] as number) * 3;
    const begin = x * window;
    const end = begin + (count[x] as number);
    for (let i = begin; i < end; i++, pixel += 3) {
      const w = weight[i] as number;
      r = (r + (data[pixel] as number) * w) | 0;
      g = (g + (data[pixel + 1] as number) * w) | 0;
      b = (b + (data[pixel + 2] as number) * w) | 0;
    }
    out[at++] = clip8(r);
    out[at++] = clip8(g);
    out[at++] = clip8(b);
  }
}

/** Rows `keep` of the vertically resized image whose line 0 is input row `row0`; `stride` bytes a line. */
function resizeColumns(lines: Uint8Array, c: Coefficients, keep: Span, row0: number, stride: number): Uint8Array {
  const out = new Uint8Array(keep.length * stride);
  const sums = new Int32Array(stride);
  for (let y = 0; y < keep.length; y++) {
    const row = keep.offset + y;
    sums.fill(HALF);
    for (let i = 0; i < (c.count[row] as number); i++) {
      const w = c.weight[row * c.window + i] as number;
      const line = ((c.first[row] as number) - row0 + i) * stride;
      for (let x = 0; x < stride; x++) sums[x] = (sums[x] as number) + (lines[line + x] as number) * w;
    }
    for (let x = 0; x < stride; x++) out[y * stride + x] = clip8(sums[x] as number);
  }
  return out;
}

function cut({ data, width }: RgbImage, columns: Span, rows: Span): Uint8Array {
  const out = new Uint8Array(rows.length * columns.length * 3);
  for (let y = 0; y < rows.length; y++) {
    const begin = ((rows.offset + y) * width + columns.offset) * 3;
    out.set(data.subarray(begin, begin + columns.length * 3), y * columns.length * 3);
  }
  return out;
}

/** torchvision's CenterCrop pads a smaller image with zeros, the odd pixel on the right and at the bottom. */
function pad(image: RgbImage, crop: number): RgbImage {
  if (crop <= 0 || (image.width >= crop && image.height >= crop)) return image;
  const width = Math.max(crop, image.width);
  const height = Math.max(crop, image.height);
  const data = new Uint8Array(width * height * 3);
  const left = (width - image.width) >> 1;
  const top = (height - image.height) >> 1;
  for (let y = 0; y < image.height; y++) {
    const line = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
    data.set(line, ((top + y) * width + left) * 3);
  }
  return { width, height, data };
}
