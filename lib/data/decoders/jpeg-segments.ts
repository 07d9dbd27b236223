// Without Buffer: the runtime of browsers takes it too.

/** A segment of a JPEG: where its marker begins, and where the next one may. */
export interface Segment {
  marker: number;
  at: number;
  next: number;
}

/** Whether the content begins as a JPEG does. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** The segments before the first scan. Bytes between them that are no marker are passed over, as libjpeg and Pillow do. */
export function* segments(bytes: Uint8Array): Generator<Segment> {
  for (let at = 2; (at = bytes.indexOf(0xff, at)) >= 0 && at + 4 <= bytes.length;) {
    const marker = bytes[at + 1] as number;
    // What has no length: fill bytes before a marker, an escaped byte, restarts.
    if (marker === 0xff || marker === 0 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    // The start of a scan and the end: no frame header before them is an odd file.
    if (marker < 0xc0 || (marker >= 0xd8 && marker <= 0xda)) return;
    const next = at + 2 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
    yield { marker, at, next: Math.min(next, bytes.length) };
    at = next;
  }
}
