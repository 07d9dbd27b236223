/** Sizes of memory and files as a person writes them, in powers of 1000: `500MB`, `1.5GB`, `4096`. */
export const SIZE_PATTERN = /^(\d+(?:\.\d+)?)\s*(k|M|G|T)?B?$/i;

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** Bytes of a size that {@link SIZE_PATTERN} matches: as many as a number can count, where it is larger. */
export function bytesOf(size: string): number {
  const [, number = '', unit = ''] = SIZE_PATTERN.exec(size) ?? [];
  return Math.min(Math.floor(Number(number) * (UNITS[unit.toLowerCase()] ?? NaN)), Number.MAX_SAFE_INTEGER);
}
