import type { Interpolation } from '../../options';
import { REACH, scaleOf } from '../resized-size';

// Of what input pixels, and by what weights, Pillow makes the output pixels of one direction of a resize: native/core/resize_weights.cpp.

/** 8-bit results of fixed point sums with this many fractional bits. */
export const PRECISION_BITS = 32 - 8 - 2;

/** Part of a side, in pixels. */
export interface Span {
  offset: number;
  length: number;
}

/** The weights of some output pixels that stand side by side. */
export interface Weights {
  /** Weights kept per output pixel. */
  window: number;
  /** First input pixel of each output pixel. */
  first: Int32Array;
  /** Number of input pixels of each output pixel. */
  count: Int32Array;
  /** output x window */
  weight: Int32Array;
}

/** One direction of a resize with a filter of Pillow (Pillow 13.0.0, src/libImaging/Resample.c, precompute_coeffs). */
export class Axis {
  /** Whether anything changes in this direction. */
  readonly resizes: boolean;
  private readonly scale: number;
  /** The filter's unit, in input pixels. */
  private readonly stretch: number;
  private readonly support: number;

  constructor(
    private readonly inSize: number,
    private readonly outSize: number,
    private readonly interpolation: Interpolation,
  ) {
    this.resizes = inSize !== outSize;
    this.scale = scaleOf(inSize, outSize);
    this.stretch = Math.max(this.scale, 1);
    this.support = REACH[interpolation] * this.stretch;
  }

  /** How many pixels fewer come out. */
  get shrinksBy(): number {
    return this.inSize - this.outSize;
  }

  /** What the output pixels `keep` are made of. */
  inputs(keep: Span): Span {
    if (!this.resizes) return keep;
    const offset = this.first(keep.offset);
    return { offset, length: this.end(keep.offset + keep.length - 1) - offset };
  }

  weights(keep: Span): Weights {
    const inverse = 1 / this.stretch;
    const filter = this.interpolation === 'bicubic' ? cubic : triangle;
    const window = Math.ceil(this.support) * 2 + 1;
    const first = new Int32Array(keep.length);
    const count = new Int32Array(keep.length);
    const weight = new Int32Array(keep.length * window);
    const k = new Float64Array(window);
    for (let i = 0; i < keep.length; i++) {
      const x = keep.offset + i;
      const center = this.center(x);
      const begin = this.first(x);
      const length = this.end(x) - begin;
      let total = 0;
      for (let j = 0; j < length; j++) total += k[j] = filter((j + begin - center + 0.5) * inverse);
      for (let j = 0; j < length; j++) {
        const one = k[j] as number;
        const share = total !== 0 ? one / total : one;
        weight[i * window + j] = Math.trunc((share < 0 ? -0.5 : 0.5) + share * (1 << PRECISION_BITS));
      }
      first[i] = begin;
      count[i] = length;
    }
    return { window, first, count, weight };
  }

  private center(x: number): number {
    return (x + 0.5) * this.scale;
  }

  private first(x: number): number {
    return Math.max(Math.trunc(this.center(x) - this.support + 0.5), 0);
  }

  private end(x: number): number {
    return Math.min(Math.trunc(this.center(x) + this.support + 0.5), this.inSize);
  }
}

function triangle(x: number): number {
  const distance = Math.abs(x);
  return distance < 1 ? 1 - distance : 0;
}

/** Keys's cubic of a = -0.5, in Pillow's order of operations. */
function cubic(x: number): number {
  const a = -0.5;
  const distance = Math.abs(x);
  if (distance < 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * a : 0;
}
