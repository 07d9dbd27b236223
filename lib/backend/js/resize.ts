import { containedSize, resizedSize, roundHalfToEven, tooLargeToResize, type Size } from '../resized-size';
import type { Interpolation } from '../../options';
import type { CropOptions, RgbImage } from '../types';
import { misuse } from './error';
import { Axis, PRECISION_BITS, type Span, type Weights } from './resize-weights';
import { nextTurn } from './turn';

// The bilinear and bicubic resize of Pillow 13.0.0, torchvision's Resize and CenterCrop and Pillow's ImageOps.pad, bit for bit (Pillow,
// src/libImaging/Resample.c): the same steps in the same order as native/core/resize.cpp.

const HALF = 1 << (PRECISION_BITS - 1);

/** Multiplications after which the event loop gets a turn: about 50 ms. */
const WORK_AT_ONCE = 20_000_000;

/** Output pixels whose weights are in memory at the same time: all of a usual crop, and not all of a line of millions. */
const WEIGHTS_AT_ONCE = 1024;

/** Bytes of a line that are summed up at the same time. */
const SUMS_AT_ONCE = 65_536;

/**
 * Resizes and crops an image, or pads or stretches it: the very bytes of torchvision on Pillow. Long work gives the event loop turns.
 *
 * @throws ResnetFtError NATIVE_ERROR where the image is {@link tooLargeToResize}
 */
export async function resizeAndCrop(image: RgbImage, options: CropOptions): Promise<RgbImage> {
  const reason = tooLargeToResize(image, options);
  if (reason !== undefined) throw misuse(reason);
  const { resize, crop, fit = 'crop', interpolation = 'bilinear' } = options;
  if (fit !== 'crop') {
    if (crop <= 0) throw misuse(`${fit} needs a side of 1 or more pixels`);
    return fit === 'pad'
      ? padded(image, crop, interpolation)
      : whole(image, { width: crop, height: crop }, interpolation);
  }
  const size = resizedSize(image, resize);
  const cropped = await resized(image, size, centre(size.width, crop), centre(size.height, crop), interpolation);
  return pad(cropped, crop);
}

/** Pillow's ImageOps.pad. Of a strip so thin that no line of it is left, that makes a black image. */
async function padded(image: RgbImage, side: number, interpolation: Interpolation): Promise<RgbImage> {
  const size = containedSize(image, side);
  const square = { width: side, height: side };
  if (size.width === 0 || size.height === 0) return { ...square, data: new Uint8Array(side * side * 3) };
  const made = await whole(image, size, interpolation);
  if (size.width === size.height) return made;
  return onBlack(made, square, roundHalfToEven((side - size.width) / 2), roundHalfToEven((side - size.height) / 2));
}

/** All of the image in another size. */
function whole(image: RgbImage, size: Size, interpolation: Interpolation): Promise<RgbImage> {
  const all = [size.width, size.height].map((length) => ({ offset: 0, length })) as [Span, Span];
  return resized(image, size, ...all, interpolation);
}

/** `columns` and `rows` of the image in another size. */
async function resized(
  image: RgbImage,
  size: Size,
  columns: Span,
  rows: Span,
  interpolation: Interpolation,
): Promise<RgbImage> {
  const across = new Axis(image.width, size.width, interpolation);
  const down = new Axis(image.height, size.height, interpolation);
  // Each pass makes only what the next one reads, so that what is between them is no larger than the image or the crop.
  const columnsRead = across.inputs(columns);
  const rowsRead = down.inputs(rows);

  let data: Uint8Array;
  if (verticallyFirst(across, down)) {
    data = await resizeColumns(image, columnsRead, 0, down, rows);
    const lines = { width: columnsRead.length, height: rows.length, data };
    if (across.resizes) {
      data = await resizeRows(lines, columnsRead.offset, across, columns, { offset: 0, length: rows.length });
    }
  } else {
    data = across.resizes ? await resizeRows(image, 0, across, columns, rowsRead) : cut(image, columns, rowsRead);
    const lines = { width: columns.length, height: rowsRead.length, data };
    const all = { offset: 0, length: columns.length };
    if (down.resizes) data = await resizeColumns(lines, all, rowsRead.offset, down, rows);
  }
  return { width: columns.length, height: rows.length, data };
}

/**
 * Pillow 13.0.0 (Resample.c, ImagingResampleInner) goes vertically first where the height falls by more than twice what the width does;
 * before that it never did.
 */
function verticallyFirst(across: Axis, down: Axis): boolean {
  return down.shrinksBy > 0 && down.shrinksBy > 2 * across.shrinksBy;
}

function centre(size: number, crop: number): Span {
  return crop <= 0 || crop >= size ? { offset: 0, length: size } : { offset: halfToEven(size - crop), length: crop };
}

/** Half of a whole number, rounded as Python's round does. */
function halfToEven(twice: number): number {
  const down = twice >> 1;
  return down + (twice & 1 & down);
}

function clip8(sum: number): number {
  const value = sum >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** The weights of `keep` part by part, and where each part begins in it. */
function* parts(axis: Axis, keep: Span): Generator<{ weights: Weights; done: number }> {
  for (let done = 0; done < keep.length; done += WEIGHTS_AT_ONCE) {
    const length = Math.min(WEIGHTS_AT_ONCE, keep.length - done);
    yield { weights: axis.weights({ offset: keep.offset + done, length }), done };
  }
}

/** Gives the event loop a turn after every {@link WORK_AT_ONCE} multiplications that are announced. */
function pacer(): (work: number) => Promise<void> | undefined {
  let soFar = 0;
  return (work) => {
    soFar += work;
    if (soFar < WORK_AT_ONCE) return undefined;
    soFar = 0;
    return nextTurn();
  };
}

/** Columns `keep` of the horizontally resized rows `rows`, of an image whose column 0 is the axis's pixel `column0`. */
async function resizeRows(image: RgbImage, column0: number, axis: Axis, keep: Span, rows: Span): Promise<Uint8Array> {
  const out = new Uint8Array(rows.length * keep.length * 3);
  const pace = pacer();
  for (const { weights, done } of parts(axis, keep)) {
    const work = weights.first.length * 3 * weights.window;
    for (let y = 0; y < rows.length; y++) {
      const line = ((rows.offset + y) * image.width - column0) * 3;
      resizeLine(image.data, line, weights, out, (y * keep.length + done) * 3);
      const turn = pace(work);
      if (turn !== undefined) await turn;
    }
  }
  return out;
}

function resizeLine(data: Uint8Array, line: number, weights: Weights, out: Uint8Array, to: number): void {
  const { window, first, count, weight } = weights;
  let at = to;
  for (let x = 0; x < first.length; x++) {
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

/** Rows `keep` of the columns `columns`, vertically resized, of an image whose line 0 is the axis's pixel `row0`. */
async function resizeColumns(
  image: RgbImage,
  columns: Span,
  row0: number,
  axis: Axis,
  keep: Span,
): Promise<Uint8Array> {
  const { data, width } = image;
  const bytes = columns.length * 3;
  const out = new Uint8Array(keep.length * bytes);
  const sums = new Int32Array(Math.min(bytes, SUMS_AT_ONCE));
  const pace = pacer();
  for (const { weights, done } of parts(axis, keep)) {
    const { window, first, count, weight } = weights;
    for (let y = 0; y < first.length; y++) {
      const to = (done + y) * bytes;
      for (let begin = 0; begin < bytes; begin += sums.length) {
        const size = Math.min(sums.length, bytes - begin);
        sums.fill(HALF);
        for (let i = 0; i < (count[y] as number); i++) {
          const w = weight[y * window + i] as number;
          const line = (((first[y] as number) - row0 + i) * width + columns.offset) * 3 + begin;
          for (let x = 0; x < size; x++) sums[x] = (sums[x] as number) + (data[line + x] as number) * w;
        }
        for (let x = 0; x < size; x++) out[to + begin + x] = clip8(sums[x] as number);
      }
      const turn = pace(bytes * window);
      if (turn !== undefined) await turn;
    }
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
  return onBlack(image, { width, height }, (width - image.width) >> 1, (height - image.height) >> 1);
}

/** The image on a black one of another size. */
function onBlack(image: RgbImage, { width, height }: Size, left: number, top: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < image.height; y++) {
    const line = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
    data.set(line, ((top + y) * width + left) * 3);
  }
  return { width, height, data };
}
