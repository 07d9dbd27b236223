import { invalid, quote } from './file';
import type { Tensor } from './state-dict';

// A network computes with whatever it is given: with weights that are no numbers, or a variance below zero, it may still
// give answers that look like answers.

const MAX_FLOAT32 = 3.4028234663852886e38;

/** The exponent's bits of a 16-bit float. */
const HALF_EXPONENT = { F16: 0x7c00, BF16: 0x7f80 } as const;

/**
 * Checks that a network can compute with its weights: all of them finite (as float32, in which networks compute), and
 * no `running_var` negative.
 *
 * @throws ResnetFtError WEIGHTS_INVALID naming the file and the tensor
 */
export function checkValues(file: string, tensors: Iterable<readonly [string, Tensor]>): void {
  for (const [name, tensor] of tensors) {
    if (!isFinite(tensor)) throw damaged(file, name, 'holds values that are not finite (NaN or infinite)');
    if (name.endsWith('.running_var') && hasNegative(tensor)) throw damaged(file, name, 'holds negative variances');
  }
}

function damaged(file: string, name: string, reason: string): Error {
  const hint = 'Take another copy of the file, or an earlier one if the training diverged';
  return invalid(file, `tensor ${quote(name)} ${reason}`, { hint });
}

function isFinite(tensor: Tensor): boolean {
  const { dtype } = tensor;
  if (dtype === 'F32') return isFiniteFloat32(new Float32Array(...elementsOf(tensor, 4)));
  if (dtype === 'F64') {
    return new Float64Array(...elementsOf(tensor, 8)).every((value) => Math.abs(value) <= MAX_FLOAT32);
  }
  if (dtype !== 'F16' && dtype !== 'BF16') return true;
  const exponent = HALF_EXPONENT[dtype];
  return new Uint16Array(...elementsOf(tensor, 2)).every((bits) => (bits & exponent) !== exponent);
}

/** There are tens of millions: zero times a finite number is zero, which several sums at once tell fastest. */
function isFiniteFloat32(values: Float32Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const end = values.length - (values.length % 4);
  for (let i = 0; i < end; i += 4) {
    a += (values[i] as number) * 0;
    b += (values[i + 1] as number) * 0;
    c += (values[i + 2] as number) * 0;
    d += (values[i + 3] as number) * 0;
  }
  for (let i = end; i < values.length; i++) a += (values[i] as number) * 0;
  return a + b + c + d === 0;
}

function hasNegative(tensor: Tensor): boolean {
  const { dtype } = tensor;
  if (dtype === 'F32') return new Float32Array(...elementsOf(tensor, 4)).some((value) => value < 0);
  if (dtype === 'F64') return new Float64Array(...elementsOf(tensor, 8)).some((value) => value < 0);
  // A sign, and not that of zero.
  return (
    (dtype === 'F16' || dtype === 'BF16') && new Uint16Array(...elementsOf(tensor, 2)).some((bits) => bits > 0x8000)
  );
}

/** Where a typed array finds the elements; in a copy where they are not aligned (a Buffer's slice() is none). */
function elementsOf({ data }: Tensor, size: number): [ArrayBufferLike, number, number] {
  const { buffer, byteOffset } = data.byteOffset % size === 0 ? data : new Uint8Array(data);
  return [buffer, byteOffset, data.byteLength / size];
}
