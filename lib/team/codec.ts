// What process 0 tells the others travels as JSON; typed arrays in it as base64.

const ARRAYS = { Float64Array, Int32Array, Uint32Array, Float32Array, Uint8Array } as const;
type ArrayName = keyof typeof ARRAYS;

/** A typed array as it travels. */
interface Packed {
  $array: ArrayName;
  base64: string;
}

const isPacked = (value: unknown): value is Packed =>
  typeof value === 'object' && value !== null && '$array' in value && 'base64' in value;

/** A value as text: of objects, lists, typed arrays, and what JSON has. */
export function encode(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (!ArrayBuffer.isView(inner)) return inner;
    const bytes = Buffer.from(inner.buffer, inner.byteOffset, inner.byteLength);
    return { $array: inner.constructor.name, base64: bytes.toString('base64') };
  });
}

/** The value of {@link encode}. */
export function decode(text: string): unknown {
  return JSON.parse(text, (_, inner: unknown) => {
    if (!isPacked(inner)) return inner;
    // A copy: what Buffer gives may begin where no double may.
    const bytes = Uint8Array.from(Buffer.from(inner.base64, 'base64'));
    return new ARRAYS[inner.$array](bytes.buffer);
  });
}
