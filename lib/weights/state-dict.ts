/** Element types, spelled as safetensors spells them. */
export type Dtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** One tensor: row-major, little-endian bytes. */
export interface Tensor {
  /** Type of its elements. */
  dtype: Dtype;
  /** Sizes of its dimensions, outermost first; empty of a scalar. */
  shape: number[];
  /** Its elements. */
  data: Uint8Array;
}

/** One tensor of a state dict under torchvision's name. */
export interface NamedTensor extends Tensor {
  name: string;
  /**
   * Until the call's promise settles nobody writes into `data`, and nobody transfers or resizes its buffer: it may be read in place.
   * Elsewhere the bytes are copied first.
   */
  lent?: boolean;
}

/** Tensors by name, in the order of the file. */
export type StateDict = Map<string, Tensor>;

/** Dimensions of a tensor at most, as in PyTorch. */
export const MAX_DIMENSIONS = 64;

const ELEMENT_SIZES: Readonly<Record<Dtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** Whether this package reads and writes elements of this type. */
export function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(ELEMENT_SIZES, value);
}

/** Bytes of one element. */
export function elementSize(dtype: Dtype): number {
  return ELEMENT_SIZES[dtype];
}

/** Whether the value is a list of sizes or positions: integers from 0 that a number holds exactly. */
export function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isSize);
}

/** Whether the value is an integer from 0 that a number holds exactly. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/**
 * Elements of a tensor of this shape; undefined where the shape is no list of sizes or the product is not exact, so that
 * an absurd shape can't wrap around to a small number.
 */
export function elementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const size of shape) {
    if (!isSize(size)) return undefined;
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/** Whether two tensors have the same shape; false if either is missing. */
export function sameShape(a: readonly number[] | undefined, b: readonly number[]): boolean {
  return a !== undefined && a.length === b.length && a.every((size, i) => size === b[i]);
}

/** Bytes of a tensor; undefined where {@link elementCount} is or the product is not exact. */
export function byteLength(dtype: Dtype, shape: readonly number[]): number | undefined {
  const count = elementCount(shape);
  return count === undefined ? undefined : elementCount([count, elementSize(dtype)]);
}
