import fs from 'node:fs';
import path from 'node:path';

/** CRC-32C bit by bit, as its definition has it. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

const masked = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

/** The contents of a TFRecord file, up to a record that is not whole. Throws where a checksum does not fit. */
function readFrames(bytes: Buffer): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at + 12 <= bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    if (masked(bytes.subarray(at, at + 8)) !== bytes.readUInt32LE(at + 8)) throw new Error(`length at ${at}`);
    const end = at + 12 + length;
    if (end + 4 > bytes.length) break;
    const content = bytes.subarray(at + 12, end);
    if (masked(content) !== bytes.readUInt32LE(end)) throw new Error(`content at ${at}`);
    out.push(content);
    at = end + 4;
  }
  return out;
}

/** The fields of a message, each with its number: numbers, or bytes. */
function readMessage(bytes: Buffer): { field: number; value: number | Buffer }[] {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  const out: { field: number; value: number | Buffer }[] = [];
  while (at < bytes.length) {
    const key = varint();
    const field = Math.floor(key / 8);
    const size = { 1: 8, 5: 4 }[key % 8];
    if (key % 8 === 0) out.push({ field, value: varint() });
    else if (key % 8 === 2) {
      const length = varint();
      out.push({ field, value: bytes.subarray(at, (at += length)) });
    } else if (size === 8) {
      out.push({ field, value: bytes.readDoubleLE(at) });
      at += 8;
    } else {
      out.push({ field, value: bytes.readFloatLE(at) });
      at += 4;
    }
  }
  return out;
}

/** An event as a line: `3 loss/step=0.5`, `0 version`, `2 restart`. */
function shownEvent(content: Buffer): string {
  const fields = new Map(readMessage(content).map(({ field, value }) => [field, value]));
  const step = String(fields.get(2));
  if (fields.has(3)) return `${step} version ${(fields.get(3) as Buffer).toString()}`;
  if (fields.has(7)) return `${step} restart`;
  const scalars = readMessage(fields.get(5) as Buffer).map(({ value }) => {
    const own = new Map(readMessage(value as Buffer).map((one) => [one.field, one.value]));
    return `${(own.get(1) as Buffer).toString()}=${Number(own.get(2)).toFixed(4)}`;
  });
  return `${step} ${scalars.join(' ')}`;
}

/** The event files of a folder, in the order of their names. */
export function eventFiles(folder: string): string[] {
  return fs
    .readdirSync(folder)
    .sort()
    .map((name) => path.join(folder, name));
}

/** The events of a file as lines. */
export const shownEvents = (file: string): string[] => readFrames(fs.readFileSync(file)).map(shownEvent);
