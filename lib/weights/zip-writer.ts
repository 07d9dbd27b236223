import zlib from 'node:zlib';

// The format: PKWARE's APPNOTE.TXT, 4.3 and 4.4. Its own few lines because no zip library aligns entries, which PyTorch does
// (caffe2/serialize/inline_container.cc) so that a file can be mapped into memory.

/** An entry, stored without compression. */
export interface ZipEntry {
  name: string;
  data: Uint8Array;
}

/** PyTorch's alignment, and its extra field "FB" that pads up to it. */
const ALIGNMENT = 64;
const PADDING_FIELD = 0x4246;
const PADDING_BYTE = 0x5a;

const LOCAL_HEADER = 30;
const CENTRAL_HEADER = 46;
const END_RECORD = 22;
/** Fields of 32 and 16 bits; above them a zip needs the zip64 extension. */
const MAX_BYTES = 0xffffffff;
const MAX_ENTRIES = 0xffff;

/** 1980-01-01, the earliest date: equal tensors give equal files. */
const DATE = 0x0021;
const STORED_VERSION = 10;
const UTF8_NAMES = 0x0800;

/**
 * The chunks of a zip whose entries' data begin at multiples of 64 bytes; undefined where it would need zip64, which is to say
 * where it has 4 GiB or more, or more than 65,535 entries. The data themselves are not copied.
 */
export function alignedZip(entries: readonly ZipEntry[]): Uint8Array[] | undefined {
  if (entries.length > MAX_ENTRIES) return undefined;
  const chunks: Uint8Array[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  // Sizes first, so that no checksum of 4 GiB is computed in vain.
  const total = entries.reduce((sum, { data, name }) => sum + data.byteLength + 2 * (Buffer.byteLength(name) + 128), 0);
  if (total > MAX_BYTES) return undefined;
  for (const { name, data } of entries) {
    const bytes = Buffer.from(name);
    const fields = commonFields(bytes.length, data);
    const unpadded = at + LOCAL_HEADER + bytes.length + 4;
    const padding = Buffer.alloc(4 + ((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT), PADDING_BYTE);
    padding.writeUInt16LE(PADDING_FIELD, 0);
    padding.writeUInt16LE(padding.length - 4, 2);
    directory.push(centralHeader(fields, at), bytes);
    const header = Buffer.concat([localHeader(fields, padding.length), bytes, padding]);
    chunks.push(header, data);
    at += header.length + data.byteLength;
  }
  const central = Buffer.concat(directory);
  return [...chunks, central, endRecord(entries.length, central.length, at)];
}

/** What local and central header have in common: from the version needed to the length of the name. */
function commonFields(nameLength: number, data: Uint8Array): Buffer {
  const fields = Buffer.alloc(24);
  fields.writeUInt16LE(STORED_VERSION, 0);
  fields.writeUInt16LE(UTF8_NAMES, 2);
  fields.writeUInt16LE(DATE, 8);
  fields.writeUInt32LE(zlib.crc32(data), 10);
  fields.writeUInt32LE(data.byteLength, 14);
  fields.writeUInt32LE(data.byteLength, 18);
  fields.writeUInt16LE(nameLength, 22);
  return fields;
}

function localHeader(fields: Buffer, extraLength: number): Buffer {
  const header = Buffer.alloc(LOCAL_HEADER);
  header.write('PK\x03\x04', 'latin1');
  fields.copy(header, 4);
  header.writeUInt16LE(extraLength, 28);
  return header;
}

function centralHeader(fields: Buffer, position: number): Buffer {
  const header = Buffer.alloc(CENTRAL_HEADER);
  header.write('PK\x01\x02', 'latin1');
  header.writeUInt16LE(STORED_VERSION, 4);
  fields.copy(header, 6);
  header.writeUInt32LE(position, 42);
  return header;
}

function endRecord(entries: number, directoryLength: number, directoryPosition: number): Buffer {
  const record = Buffer.alloc(END_RECORD);
  record.write('PK\x05\x06', 'latin1');
  record.writeUInt16LE(entries, 8);
  record.writeUInt16LE(entries, 10);
  record.writeUInt32LE(directoryLength, 12);
  record.writeUInt32LE(directoryPosition, 16);
  return record;
}
