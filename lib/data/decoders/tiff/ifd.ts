import { latin1, viewOf } from '../bytes';
import { Refusal } from '../refusal';

/** Bytes of one value of each type of number that a TIFF directory holds (TIFF 6.0, page 15; BigTIFF). */
const SIZES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4, 13: 4, 16: 8, 17: 8 };
/** Types that are no whole numbers: texts, fractions, floats. Where a whole number is wanted, they are an error. */
const OTHER_SIZES: Readonly<Record<number, number>> = { 2: 1, 5: 8, 7: 1, 10: 8, 11: 4, 12: 8 };

/** Width, height, compression and samples per pixel. */
const ONE_VALUE = new Set([256, 257, 259, 277]);

/** Values that a tag may have where all of them are wanted: as many strips or tiles no image has that is any use. */
const MAX_VALUES = 2 ** 20;

const ORIENTATION = 274;
/** A type of numbers that Pillow has as a string of bytes. */
const BYTE = 1;

/** Where the values of a tag are. */
interface Entry {
  type: number;
  from: number;
  length: number;
}

/** The first directory of a TIFF. */
export interface Directory {
  littleEndian: boolean;
  /** All of it is in the file, and so are the values that it points to: libtiff insists on that. */
  complete: boolean;
  /** A tag of one value has another number of them, which libtiff refuses too. */
  odd: boolean;
  /** The whole numbers of a tag; undefined where it is missing, NaN where it holds something else. */
  values(tag: number): number[] | undefined;
  /** The first of them. */
  value(tag: number): number | undefined;
  /** The number of the tag Orientation; 1 where it is there as bytes, by which Pillow turns nothing; undefined where it is missing. */
  orientation: number | undefined;
  /** The bytes of a tag, as they are in the file; undefined where it is missing. */
  bytes(tag: number): Uint8Array | undefined;
}

/** Whether the content is a TIFF, the headers with swapped bytes that Pillow takes among them. */
export function isTiff(bytes: Uint8Array): boolean {
  const head = latin1(bytes, 0, 4);
  return bytes.length >= 8 && ['MM\0*', 'II*\0', 'MM*\0', 'II\0*', 'MM\0+', 'II+\0'].includes(head);
}

/**
 * Reads the first directory with Pillow's leniency: the first of two equal tags counts, tags whose data are too large are left out,
 * and a directory that is cut off counts as far as it goes.
 *
 * @throws Error where there is no directory
 */
export function readDirectory(bytes: Uint8Array): Directory {
  const view = viewOf(bytes);
  const littleEndian = bytes[0] === 0x49;
  const big = bytes[2] === 43; // Pillow knows BigTIFF by this byte, and so in one byte order only
  const u16 = (at: number): number => view.getUint16(at, littleEndian);
  const u32 = (at: number): number => view.getUint32(at, littleEndian);
  const u64 = (at: number): number =>
    littleEndian ? u32(at) + u32(at + 4) * 2 ** 32 : u32(at) * 2 ** 32 + u32(at + 4);
  const number = (type: number, at: number): number => {
    if (type === 1) return bytes[at] ?? 0;
    if (type === 6) return view.getInt8(at);
    if (type === 3) return u16(at);
    if (type === 8) return view.getInt16(at, littleEndian);
    if (type === 9) return view.getInt32(at, littleEndian);
    return type === 16 || type === 17 ? u64(at) : u32(at);
  };

  const found = new Map<number, Entry>();
  if (big && bytes.length < 16) throw new Refusal('TIFF: the file is cut off');
  const start = big ? u64(8) : u32(4);
  if (start === 0 || start + (big ? 8 : 2) > bytes.length) throw new Refusal('TIFF: the file has no directory');
  const count = big ? u64(start) : u16(start);
  const entry = big ? 20 : 12;
  const inline = big ? 8 : 4;
  let total = 0;
  let complete = true;
  let odd = false;
  for (let i = 0; i < count; i++) {
    const at = start + (big ? 8 : 2) + i * entry;
    if (at + entry > bytes.length) {
      complete = false;
      break;
    }
    const tag = u16(at);
    const type = u16(at + 2);
    const length = big ? u64(at + 4) : u32(at + 4);
    const each = SIZES[type] ?? OTHER_SIZES[type];
    if (ONE_VALUE.has(tag) && length !== 1) odd = true;
    if (found.has(tag) || each === undefined || length === 0) continue;
    const size = length * each;
    let from = at + (big ? 12 : 8);
    if (size > inline) {
      from = big ? u64(from) : u32(from);
      total += size;
      if (total > bytes.length) continue;
      if (from + size > bytes.length) {
        complete = false;
        break;
      }
    }
    found.set(tag, { type, from, length });
  }
  // Only what is asked for is read: a tag may hold as many values as the file has bytes.
  const read = (tag: number, most: number): number[] | undefined => {
    const entry = found.get(tag);
    if (entry === undefined) return undefined;
    const { type, from, length } = entry;
    const each = SIZES[type];
    if (each === undefined) return [NaN];
    return Array.from({ length: Math.min(length, most) }, (_, k) => number(type, from + k * each));
  };
  const content = (tag: number): Uint8Array | undefined => {
    const entry = found.get(tag);
    if (entry === undefined) return undefined;
    const each = SIZES[entry.type] ?? OTHER_SIZES[entry.type] ?? 0;
    return bytes.subarray(entry.from, entry.from + entry.length * each);
  };
  const values = (tag: number): number[] | undefined => {
    if ((found.get(tag)?.length ?? 0) > MAX_VALUES) throw new Refusal(`TIFF: a tag of more than ${MAX_VALUES} values`);
    return read(tag, MAX_VALUES);
  };
  const value = (tag: number): number | undefined => read(tag, 1)?.[0];
  const orientation = found.get(ORIENTATION)?.type === BYTE ? 1 : value(ORIENTATION);
  return { littleEndian, complete, odd, values, value, orientation, bytes: content };
}
