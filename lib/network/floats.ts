import { ResnetFtError } from '../errors';
import type { Tensor } from '../weights/state-dict';

/**
 * The elements of a tensor of floats, widened without loss.
 *
 * @throws ResnetFtError WEIGHTS_MISMATCH naming the tensor where its elements are no floats
 */
export function toFloat64(name: string, tensor: Tensor): Float64Array {
  if (!/^B?F\d+$/.test(tensor.dtype)) {
    throw new ResnetFtError('WEIGHTS_MISMATCH', `tensor ${name} is ${tensor.dtype}, but weights are floats`);
  }
  return toNumbers(tensor);
}

/** The elements of a tensor, widened; of 64-bit integers the nearest numbers. */
export function toNumbers({ dtype, data }: Tensor): Float64Array {
  // A copy where the bytes are not aligned: a view on them could not be made. (A Buffer's slice() is no copy.)
  const bytes = data.byteOffset % 8 === 0 ? data : new Uint8Array(data);
  const { buffer, byteOffset, byteLength } = bytes;
  switch (dtype) {
    case 'F64':
      return new Float64Array(buffer, byteOffset, byteLength / 8);
    case 'F32':
      return Float64Array.from(new Float32Array(buffer, byteOffset, byteLength / 4));
    case 'F16':
      return Float64Array.from(new Uint16Array(buffer, byteOffset, byteLength / 2), halfToNumber);
    case 'BF16':
      return fromBfloat16(new Uint16Array(buffer, byteOffset, byteLength / 2));
    case 'I64':
      return Float64Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), Number);
    case 'I32':
      return Float64Array.from(new Int32Array(buffer, byteOffset, byteLength / 4));
    case 'I16':
      return Float64Array.from(new Int16Array(buffer, byteOffset, byteLength / 2));
    case 'I8':
      return Float64Array.from(new Int8Array(buffer, byteOffset, byteLength));
    case 'U8':
      return Float64Array.from(bytes);
    case 'BOOL':
      return Float64Array.from(bytes, (value) => (value === 0 ? 0 : 1));
  }
}

/** IEEE 754 binary16: a sign, 5 bits of exponent with bias 15, 10 bits of fraction. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A bfloat16 is the upper half of a float32. */
function fromBfloat16(halves: Uint16Array): Float64Array {
  const words = Uint32Array.from(halves, (half) => half << 16);
  return Float64Array.from(new Float32Array(words.buffer));
}

/** The values rounded to float32, as little-endian bytes. */
export function toFloat32Bytes(values: ArrayLike<number>): Uint8Array {
  return new Uint8Array((values instanceof Float32Array ? values : Float32Array.from(values)).buffer);
}
