import { joined } from '../../../lib/data/decoders/bytes';
import { MAX_TEXT } from '../../../lib/data/decoders/png-texts';
import { setImmediate } from './browser-globals';

/** Bytes that a browser is given at once: it unpacks all of them, which may be a thousand times as many, before it can be told to stop. */
const PIECE = 2 ** 12;

/** Unpacks zlib's data, of those that are cut off what there is; undefined where they are damaged or too much. */
export async function inflated(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const all = await unpacked(bytes);
  if (all.taken === bytes.length || all.text === undefined) return all.text;
  // What follows the end of the data is no damage in Node.js, but to browsers, which don't tell: the end is looked for.
  let [taken, refused] = [all.taken, Math.min(all.taken + PIECE, bytes.length)];
  while (refused - taken > 1) {
    const middle = (taken + refused) >>> 1;
    if ((await unpacked(bytes.subarray(0, middle))).taken === middle) taken = middle;
    else refused = middle;
  }
  const { ended, text } = await unpacked(bytes.subarray(0, taken));
  return ended ? text : undefined;
}

/** What a browser makes of data. */
interface Unpacked {
  /** How many of them it takes, in whole pieces. */
  taken: number;
  ended: boolean;
  /** Undefined where it is too much. */
  text: Uint8Array | undefined;
}

async function unpacked(bytes: Uint8Array): Promise<Unpacked> {
  const { readable, writable } = new DecompressionStream('deflate');
  const reader = readable.getReader();
  const writer = writable.getWriter();
  const parts: Uint8Array[] = [];
  let length = 0;
  const read = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      parts.push(value);
      length += value.length;
      if (length > MAX_TEXT) return reader.cancel();
    }
  };
  const reading = read().catch(() => {});
  const succeeds = (work: Promise<void>): Promise<boolean> =>
    work.then(
      () => true,
      () => false,
    );
  let taken = 0;
  while (taken < bytes.length && length <= MAX_TEXT) {
    const piece = bytes.subarray(taken, taken + PIECE) as Uint8Array<ArrayBuffer>;
    if (!(await succeeds(writer.write(piece)))) break;
    taken += piece.length;
  }
  // An end that comes too early is an error, which would take with it what has not been read yet.
  await new Promise<void>((resolve) => setImmediate(resolve));
  const ended = await succeeds(writer.close());
  await reading;
  return { taken, ended, text: length > MAX_TEXT ? undefined : joined(parts) };
}
