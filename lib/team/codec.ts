import { createHash } from 'node:crypto';

// What process 0 tells the others travels as JSON; typed arrays in it as base64.

const ARRAYS = { Float64Array, Int32Array, Uint32Array, Float32Array, Uint8Array } as const;
type ArrayName = keyof typeof ARRAYS;

/** A typed array as it travels; without its bytes where whoever reads it has them already. */
interface Packed {
  $array: ArrayName;
  base64?: string;
  hash?: string;
}

/** Shorter arrays are sent each time: their hash would not be much less. */
const WORTH_KEEPING = 1024;

/**
 * Arrays of integers that both ends have, such as the targets of a split, so that each travels once: with 1000 processes and a million images
 * even that is a gigabyte. Both ends must add the same ones in the same order.
 */
export class KnownArrays {
  private readonly known = new Map<string, Int32Array>();
  /** Of arrays that were asked for before: they don't change. */
  private readonly hashes = new WeakMap<Int32Array, string>();

  /** Makes an array known, for both ends have it. */
  add(array: Int32Array): void {
    if (array.byteLength >= WORTH_KEEPING) this.known.set(this.hashOf(array), array);
  }

  /** An array to be sent: whether it need not travel, by its hash; undefined for one that is not kept. */
  sending(array: Int32Array): { hash: string; known: boolean } | undefined {
    if (array.byteLength < WORTH_KEEPING) return undefined;
    const hash = this.hashOf(array);
    const known = this.known.has(hash);
    this.add(array);
    return { hash, known };
  }

  get(hash: string): Int32Array {
    const found = this.known.get(hash);
    if (found === undefined) throw new Error('an array that was never sent');
    return found;
  }

  private hashOf(array: Int32Array): string {
    let hash = this.hashes.get(array);
    if (hash === undefined) {
      hash = createHash('sha256').update(bytesOf(array)).digest('base64');
      this.hashes.set(array, hash);
    }
    return hash;
  }
}

const bytesOf = (array: ArrayBufferView): Buffer => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

const isPacked = (value: unknown): value is Packed => typeof value === 'object' && value !== null && '$array' in value;

/** A value as text: of objects, lists, typed arrays, and what JSON has. */
export function encode(value: unknown, arrays?: KnownArrays): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (!ArrayBuffer.isView(inner)) return inner;
    const sent = inner instanceof Int32Array ? arrays?.sending(inner) : undefined;
    const packed = { $array: inner.constructor.name, ...(sent === undefined ? {} : { hash: sent.hash }) };
    return sent?.known === true ? packed : { ...packed, base64: bytesOf(inner).toString('base64') };
  });
}

/** The value of {@link encode}. */
export function decode(text: string, arrays?: KnownArrays): unknown {
  return JSON.parse(text, (_, inner: unknown) => {
    if (!isPacked(inner)) return inner;
    const { $array, base64, hash } = inner;
    if (base64 === undefined) return arrays?.get(hash ?? '');
    // A copy: what Buffer gives may begin where no double may.
    const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
    const array = new ARRAYS[$array](bytes.buffer);
    if (hash !== undefined) arrays?.add(array as Int32Array);
    return array;
  });
}
