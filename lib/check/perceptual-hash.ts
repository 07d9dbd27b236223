/** Side of the small grey picture that an image is hashed from. */
export const GREY_SIDE = 32;

/** Frequencies in each direction, the lowest ones. */
const LOW = 8;

/** Side of what is kept to compare two pictures whose hashes are near. */
const THUMB_SIDE = 16;

/** cos(pi (2n + 1) k / 2N), the rows of a discrete cosine transform of type II without its scale, which moves no value over the median. */
const COSINES = Array.from({ length: LOW }, (_, k) =>
  Float64Array.from({ length: GREY_SIDE }, (_, n) => Math.cos((Math.PI * (2 * n + 1) * k) / (2 * GREY_SIDE))),
);

/** 64 bits of a picture, as two halves; and what two pictures are compared by. */
export interface Look {
  high: number;
  low: number;
  /** {@link THUMB_SIDE}² grey values. */
  thumb: Uint8Array;
}

/**
 * The perceptual hash of a picture: which of the 64 lowest frequencies of a 32 x 32 grey version are above their median. Scaling, compression and
 * changes of brightness leave nearly all of it.
 *
 * The algorithm is that of pHash (C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010, section 3.2.1) as
 * Python's ImageHash has it (`phash` with `hash_size` 8). sharp-phash, the library for sharp, decodes a file itself, and computes all 1024
 * frequencies in four nested loops on the main thread.
 *
 * @param grey 32 x 32 values, upright
 */
export function lookOf(grey: Uint8Array): Look {
  const rows = new Float64Array(LOW * GREY_SIDE);
  for (let y = 0; y < GREY_SIDE; y++) {
    for (const [k, cosines] of COSINES.entries()) {
      let sum = 0;
      for (let x = 0; x < GREY_SIDE; x++) sum += (grey[y * GREY_SIDE + x] ?? 0) * (cosines[x] ?? 0);
      rows[k * GREY_SIDE + y] = sum;
    }
  }
  const frequencies = new Float64Array(LOW * LOW);
  for (const [v, cosines] of COSINES.entries()) {
    for (let k = 0; k < LOW; k++) {
      let sum = 0;
      for (let y = 0; y < GREY_SIDE; y++) sum += (rows[k * GREY_SIDE + y] ?? 0) * (cosines[y] ?? 0);
      frequencies[v * LOW + k] = sum;
    }
  }
  const sorted = frequencies.toSorted();
  const median = ((sorted[31] ?? 0) + (sorted[32] ?? 0)) / 2;
  const bits = (from: number): number => {
    let half = 0;
    for (let i = from; i < from + 32; i++) half = (half << 1) | ((frequencies[i] ?? 0) > median ? 1 : 0);
    return half >>> 0;
  };
  return { high: bits(0), low: bits(32), thumb: thumbOf(grey) };
}

function thumbOf(grey: Uint8Array): Uint8Array {
  const at = (x: number, y: number): number => grey[y * GREY_SIDE + x] ?? 0;
  return Uint8Array.from({ length: THUMB_SIDE ** 2 }, (_, i) => {
    const [x, y] = [2 * (i % THUMB_SIDE), 2 * Math.floor(i / THUMB_SIDE)];
    return Math.round((at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4);
  });
}

/** Standard deviation of grey values, 0..127. */
export function contrastOf(grey: Uint8Array): number {
  const mean = grey.reduce((sum, value) => sum + value, 0) / grey.length;
  return Math.sqrt(grey.reduce((sum, value) => sum + (value - mean) ** 2, 0) / grey.length);
}

/** How alike two pictures are: Pearson's correlation of their grey values, -1..1. */
export function likeness(a: Uint8Array, b: Uint8Array): number {
  let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0];
  const count = a.length;
  for (let i = 0; i < count; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    sumA += x;
    sumB += y;
    squaresA += x * x;
    squaresB += y * y;
    products += x * y;
  }
  const scale = Math.sqrt((squaresA - (sumA * sumA) / count) * (squaresB - (sumB * sumB) / count));
  return scale > 0 ? (products - (sumA * sumB) / count) / scale : 0;
}

/**
 * A square turned as its EXIF orientation says, so that a photograph and its copy that an editor has turned look alike.
 *
 * @param orientation 1 to 8
 */
export function turned(square: Uint8Array, orientation: number): Uint8Array {
  if (orientation === 1) return square;
  const side = Math.sqrt(square.length);
  const last = side - 1;
  return square.map((_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    const [fromX, fromY] = source(orientation, x, y, last);
    return square[fromY * side + fromX] ?? 0;
  });
}

/** Where the pixel of an upright square stands in the stored one (EXIF 2.32, tag 0x0112). */
function source(orientation: number, x: number, y: number, last: number): [number, number] {
  switch (orientation) {
    case 2:
      return [last - x, y];
    case 3:
      return [last - x, last - y];
    case 4:
      return [x, last - y];
    case 5:
      return [y, x];
    case 6:
      return [y, last - x];
    case 7:
      return [last - y, last - x];
    case 8:
      return [last - y, x];
    default:
      return [x, y];
  }
}
