/**
 * Compares as Python compares strings: by code point. JavaScript's own order is by UTF-16 unit, which puts characters
 * beyond the basic plane before some of those within it; the order of UTF-8 bytes equals that of code points.
 */
export function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}
