/** What lib/data/decoders has of Node.js's Buffer where it reads headers and directories. */
class Bytes extends Uint8Array {
  private readonly view = new DataView(this.buffer, this.byteOffset, this.byteLength);

  override toString(_encoding = 'latin1', from = 0, to = this.length): string {
    return String.fromCharCode(...super.subarray(from, to));
  }
  readUInt16BE(at: number): number {
    return this.view.getUint16(at);
  }
  readUInt16LE(at: number): number {
    return this.view.getUint16(at, true);
  }
  readUInt32BE(at: number): number {
    return this.view.getUint32(at);
  }
  readUInt32LE(at: number): number {
    return this.view.getUint32(at, true);
  }
  readInt8(at: number): number {
    return this.view.getInt8(at);
  }
  readInt16BE(at: number): number {
    return this.view.getInt16(at);
  }
  readInt16LE(at: number): number {
    return this.view.getInt16(at, true);
  }
  readInt32BE(at: number): number {
    return this.view.getInt32(at);
  }
  readInt32LE(at: number): number {
    return this.view.getInt32(at, true);
  }
}

/** The same bytes for the readers of lib that need no more of a Buffer than this. */
export function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return new Bytes(buffer as ArrayBuffer, byteOffset, length) as unknown as Buffer;
}

/** A segment of a JPEG: where its marker begins, and where the next one may. */
export interface Segment {
  marker: number;
  at: number;
  next: number;
}

/** The segments before the first scan, whatever odd bytes are between them; as lib/data/decoders/jpeg.ts, whose module needs a Buffer. */
export function* segments(bytes: Uint8Array): Generator<Segment> {
  for (let at = 2; (at = bytes.indexOf(0xff, at)) >= 0 && at + 4 <= bytes.length;) {
    const marker = bytes[at + 1] as number;
    // What has no length: fill bytes before a marker, an escaped byte, restarts.
    if (marker === 0xff || marker === 0 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    if (marker < 0xc0 || (marker >= 0xd8 && marker <= 0xda)) return;
    const next = at + 2 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
    yield { marker, at, next: Math.min(next, bytes.length) };
    at = next;
  }
}
