import { Refusal } from '../refusal';

/**
 * Unpacks one strip or tile of PackBits (TIFF 6.0, section 9) as libtiff does: runs may go on over the end of a row, and what is too
 * much is left out. libvips may ask libtiff for single rows, and such runs would be cut there.
 *
 * @throws Error where bytes are missing
 */
export function unpackBits(packed: Uint8Array, out: Uint8Array): void {
  let at = 0;
  let done = 0;
  while (at < packed.length && done < out.length) {
    const code = packed[at++] as number;
    if (code === 128) continue;
    const left = out.length - done;
    if (code > 128) {
      if (at >= packed.length) break;
      const count = Math.min(257 - code, left);
      out.fill(packed[at++] as number, done, done + count);
      done += count;
    } else {
      const count = Math.min(code + 1, left);
      if (at + count > packed.length) break;
      out.set(packed.subarray(at, at + count), done);
      at += count;
      done += count;
    }
  }
  if (done < out.length) throw new Refusal('TIFF: the file is cut off');
}
