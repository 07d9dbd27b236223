import { invalid, quote } from './file';
import type { StorageRef, TensorRef } from './pickle-values';
import { byteLength, elementCount, elementSize, type StateDict, type Tensor } from './state-dict';

/** The storages of one file. */
export interface Storages {
  /** Bytes of a storage, before it is read; undefined where the file has none of that key. */
  size(key: string): number | undefined;
  /** The bytes of storages, in the order of `keys`. */
  read(keys: readonly string[]): Promise<Buffer[]>;
}

/** Views that need a copy may together have as many bytes as the file, or this many. */
const SMALL = 1024 * 1024;

/** Reads the storages that tensors are views of, once each, after all views have been checked against their sizes. */
export async function loadTensors(
  file: string,
  size: number,
  storages: Storages,
  refs: ReadonlyMap<string, TensorRef>,
): Promise<StateDict> {
  const keys = new Set<string>();
  // An honest file's views need no more copies than it has bytes, and a tensor of stride 0 could ask for any number.
  let copies = Math.max(size, SMALL);
  for (const [name, ref] of refs) {
    checkView(file, name, ref, storages.size(ref.storage.key));
    if (!isContiguous(ref)) copies -= byteLength(ref.storage.dtype, ref.shape) ?? Infinity;
    if (copies < 0) throw invalid(file, `tensor ${quote(name)}: its views need far more memory than the file has`);
    keys.add(ref.storage.key);
  }
  const buffers = await storages.read([...keys]);
  const bytes = new Map([...keys].map((key, i) => [key, buffers[i] as Buffer]));
  const tensors: StateDict = new Map();
  for (const [name, ref] of refs) tensors.set(name, toTensor(ref, bytes.get(ref.storage.key) as Buffer));
  return tensors;
}

function checkView(file: string, name: string, ref: TensorRef, have: number | undefined): void {
  const what = `tensor ${quote(name)}`;
  const { dtype, key, count, part } = ref.storage;
  if (have === undefined) throw invalid(file, `${what}: its storage ${quote(key)} is missing`);
  if (have !== byteLength(dtype, [count])) {
    throw invalid(file, `${what}: its storage says ${count} elements of ${dtype}, but has ${have} bytes`);
  }
  const last = lastElement(ref);
  if (last === undefined || last > part.offset + part.count) throw invalid(file, `${what} reaches outside its storage`);
}

/** One past the last element of the storage that the tensor uses; undefined if that is not a possible number. */
function lastElement({ offset, shape, stride }: TensorRef): number | undefined {
  const count = elementCount(shape);
  if (count === undefined) return undefined;
  if (count === 0) return offset;
  let last = offset;
  for (const [i, size] of shape.entries()) {
    last += (size - 1) * (stride[i] ?? 0);
    if (!Number.isSafeInteger(last)) return undefined;
  }
  return last + 1;
}

function isContiguous({ shape, stride }: TensorRef): boolean {
  if (shape.includes(0)) return true;
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i] ?? 0;
    if (size !== 1 && stride[i] !== expected) return false;
    expected *= size;
  }
  return true;
}

function toTensor(ref: TensorRef, bytes: Buffer): Tensor {
  const { dtype } = ref.storage satisfies StorageRef;
  if (!isContiguous(ref)) return { dtype, shape: ref.shape, data: copyRowMajor(ref, bytes) };
  const begin = ref.offset * elementSize(dtype);
  const length = byteLength(dtype, ref.shape) ?? 0;
  return { dtype, shape: ref.shape, data: bytes.subarray(begin, begin + length) };
}

/** Copies a view element by element. Elements are moved as integers: a float could change the bits of a NaN. */
function copyRowMajor(ref: TensorRef, bytes: Buffer): Uint8Array {
  const { dtype, count } = ref.storage;
  const total = elementCount(ref.shape) ?? 0;
  const to = new ArrayBuffer(byteLength(dtype, ref.shape) ?? 0);
  const { buffer, byteOffset } = bytes;
  switch (elementSize(dtype)) {
    case 8:
      gather(ref, new BigUint64Array(buffer, byteOffset, count), new BigUint64Array(to, 0, total));
      break;
    case 4:
      gather(ref, new Uint32Array(buffer, byteOffset, count), new Uint32Array(to, 0, total));
      break;
    case 2:
      gather(ref, new Uint16Array(buffer, byteOffset, count), new Uint16Array(to, 0, total));
      break;
    default:
      gather(ref, new Uint8Array(buffer, byteOffset, count), new Uint8Array(to, 0, total));
  }
  return new Uint8Array(to);
}

function gather<T extends number | bigint>(
  { offset, shape, stride }: TensorRef,
  from: ArrayLike<T>,
  to: { length: number; [index: number]: T },
): void {
  const row = shape.at(-1) ?? 1;
  const step = stride.at(-1) ?? 0;
  const index = shape.map(() => 0);
  let begin = offset;
  for (let at = 0; at < to.length; at += row) {
    for (let i = 0; i < row; i++) to[at + i] = from[begin + i * step] as T;
    // The outer dimensions count up like an odometer, keeping the position in the storage along.
    for (let i = shape.length - 2; i >= 0; i--) {
      const next = (index[i] ?? 0) + 1;
      begin += stride[i] ?? 0;
      if (next < (shape[i] ?? 0)) {
        index[i] = next;
        break;
      }
      begin -= next * (stride[i] ?? 0);
      index[i] = 0;
    }
  }
}
