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
