// What readers need of bytes and Uint8Array lacks. Without Buffer: the runtime of browsers takes it too.

/** Bytes as the characters of these numbers: a few, such as a name. */
export function latin1(bytes: Uint8Array, from = 0, to = bytes.length): string {
  // Spread arguments take ten times as long, and a file may have a million names.
  let text = '';
  for (let at = from; at < to && at < bytes.length; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}

/** Whether these characters stand at a place. */
export function begins(bytes: Uint8Array, text: string, at = 0): boolean {
  return latin1(bytes, at, at + text.length) === text;
}

/** The same bytes, for reading numbers. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The parts one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
