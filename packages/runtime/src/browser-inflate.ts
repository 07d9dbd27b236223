import { joined } from '../../../lib/data/decoders/bytes';
import { MAX_TEXT } from '../../../lib/data/decoders/png-texts';

/** Unpacks zlib's data, of those that are cut off what there is; undefined where they are damaged or too much. */
export async function inflated(bytes: Uint8Array): Promise<Uint8Array | undefined> {
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
  try {
    await writer.write(new Uint8Array(bytes));
    // An end that comes too early is an error, which would take with it what has not been read yet.
    await new Promise((resolve) => setTimeout(resolve));
  } catch {
    return undefined;
  }
  await writer.close().catch(() => {});
  await reading;
  return length > MAX_TEXT ? undefined : joined(parts);
}
