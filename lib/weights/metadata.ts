/**
 * Text by name, which travels with weights: class names, preprocessing, and what else is needed to use them.
 *
 * @inline
 */
export type Metadata = Record<string, string>;

/** Bytes of metadata as JSON at most, written and read; parsed, JSON may take fifty times its size. */
export const MAX_METADATA = 4 * 1024 * 1024;

/** Whether the value is an object with names, not an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A parsed JSON value as metadata; undefined if it does not map names to text. */
export function toMetadata(value: unknown): Metadata | undefined {
  if (!isRecord(value)) return undefined;
  const metadata: Metadata = {};
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') return undefined;
    // An assignment to a name such as __proto__ would be lost.
    Object.defineProperty(metadata, key, { value: text, enumerable: true, writable: true, configurable: true });
  }
  return metadata;
}
